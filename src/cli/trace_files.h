// A trace as a file: tensors by site name, and what they belong to, in the two
// formats that readers of NumPy and of torch open without this program.
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

namespace pellucid::cli {

enum class TraceFormat { kSafetensors, kNpz };

// By the ending of `path`; nothing for any other.
std::optional<TraceFormat> TraceFormatOf(const std::string& path);

// Whether `path` is there and neither a file nor a folder: a device or a pipe,
// whose name nobody chooses.
bool IsDeviceOrPipe(const std::string& path);

// Writes every tensor and the metadata (trace/trace_writer.h). Commits `file`.
// kFailed: it cannot be written. kCancelled: `stop` was requested, and the file
// is not committed.
Status WriteTrace(const Trace& trace, const std::optional<std::string>& text,
                  const ModelInfo& model, std::size_t edits, TraceFormat format,
                  AtomicFile& file, const std::stop_token& stop = {});

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_TRACE_FILES_H_
