// A trace as a file: tensors by site name, and what they belong to, in the two
// formats that readers of NumPy and of torch open without this program.
#ifndef PELLUCID_CLI_TRACE_FILES_H_
#define PELLUCID_CLI_TRACE_FILES_H_

#include <array>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

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

// Keys of the metadata; in npz, names of arrays beside the sites'.
inline constexpr std::array<std::string_view, 5> kMetadataNames = {
    "ids", "text", "model", "pellucid", "edits"};

// Writes every tensor and the metadata "ids" (JSON text), "text" (where there
// is one), "model" (the reference), "pellucid" (the version) and, where `edits`
// were made in the run, "edits" (their number); in npz these are arrays of
// those names, ids and edits ones of integers. Commits `file`. kFailed: it
// cannot be written. kCancelled: `stop` was requested, and the file is not
// committed.
Status WriteTrace(const Trace& trace, const std::optional<std::string>& text,
                  const ModelInfo& model, std::size_t edits, TraceFormat format,
                  AtomicFile& file, const std::stop_token& stop = {});

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_TRACE_FILES_H_
