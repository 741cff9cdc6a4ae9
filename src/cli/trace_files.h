// A trace as a file: tensors by site name, and what they belong to; and its
// record for programs.
#ifndef PELLUCID_CLI_TRACE_FILES_H_
#define PELLUCID_CLI_TRACE_FILES_H_

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>

#include "base/atomic_file.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/trace.h"
#include "render/json_writer.h"

namespace pellucid::cli {

enum class TraceFormat { kSafetensors, kNpz };

// By the ending of `path`; nothing for any other.
std::optional<TraceFormat> TraceFormatOf(const std::string& path);

// Writes every tensor and the metadata "ids" (JSON text), "text" (where there
// is one), "model" (the reference) and "pellucid" (the version); in npz these
// are arrays of those names, ids one of integers. Commits `file`. kFailed: it
// cannot be written. kCancelled: `stop` was requested, and the file is not
// committed.
Status WriteTrace(const Trace& trace, const std::optional<std::string>& text,
                  const ModelInfo& model, TraceFormat format, AtomicFile& file,
                  const std::stop_token& stop = {});

// The record of a trace for programs: {"file", "ids", "text", "tensors":
// {NAME: SHAPE, ...}} and a line feed.
void WriteTraceJson(const Trace& trace, const std::optional<std::string>& text,
                    const std::string& path, render::JsonStyle style,
                    const render::TextSink& sink);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_TRACE_FILES_H_
