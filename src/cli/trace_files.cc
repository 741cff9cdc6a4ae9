#include "cli/trace_files.h"

#include <sys/stat.h>

#include <span>

#include "trace/trace_writer.h"

namespace pellucid::cli {

std::optional<TraceFormat> TraceFormatOf(const std::string& path) {
  if (path.ends_with(".safetensors")) return TraceFormat::kSafetensors;
  if (path.ends_with(".npz")) return TraceFormat::kNpz;
  return std::nullopt;
}

bool IsDeviceOrPipe(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) &&
         !S_ISDIR(info.st_mode);
}

Status WriteTrace(const Trace& trace, const std::optional<std::string>& text,
                  const ModelInfo& model, std::size_t edits, TraceFormat format,
                  AtomicFile& file, const std::stop_token& stop) {
  const ByteSink to_file = file.Sink();
  // A trace may be gigabytes: the interrupt is looked at before each piece.
  const ByteSink sink = [&](std::span<const std::byte> bytes) -> Status {
    if (stop.stop_requested()) return CancelledError("trace: stopped");
    return to_file(bytes);
  };
  const TraceOrigin origin{text, model.ref, edits};
  PELLUCID_RETURN_IF_ERROR(format == TraceFormat::kNpz
                               ? WriteTraceNpz(trace, origin, sink)
                               : WriteTraceSafetensors(trace, origin, sink));
  if (stop.stop_requested()) return CancelledError("trace: stopped");
  return file.Commit();
}

}  // namespace pellucid::cli
