#include "cli/trace_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "formats/npz.h"
#include "formats/safetensors_writer.h"
#include "pellucid/version.h"

namespace pellucid::cli {
namespace {

Status WriteTensors(const Trace& trace, const std::optional<std::string>& text,
                    const ModelInfo& model, std::size_t edits,
                    const ByteSink& sink) {
  std::vector<NamedFloats> tensors;
  for (const auto& [name, tensor] : trace.sites) {
    tensors.push_back({name, tensor.shape, tensor.data});
  }
  TextMap metadata;
  metadata["ids"] = fmt::format("[{}]", fmt::join(trace.ids, ","));
  if (text) metadata["text"] = *text;
  metadata["model"] = model.ref;
  metadata["pellucid"] = Version();
  if (edits > 0) metadata["edits"] = fmt::format("{}", edits);
  return WriteSafetensors(sink, tensors, metadata);
}

Status WriteNpz(const Trace& trace, const std::optional<std::string>& text,
                const ModelInfo& model, std::size_t edits,
                const ByteSink& sink) {
  NpzWriter npz(sink);
  for (const auto& [name, tensor] : trace.sites) {
    PELLUCID_RETURN_IF_ERROR(npz.AddFloats(name, tensor.shape, tensor.data));
  }
  const std::vector<std::int64_t> ids(trace.ids.begin(), trace.ids.end());
  const std::size_t count = ids.size();
  PELLUCID_RETURN_IF_ERROR(npz.AddIntegers("ids", {&count, 1}, ids));
  if (text) PELLUCID_RETURN_IF_ERROR(npz.AddText("text", *text));
  PELLUCID_RETURN_IF_ERROR(npz.AddText("model", model.ref));
  PELLUCID_RETURN_IF_ERROR(npz.AddText("pellucid", Version()));
  if (edits > 0) {
    const auto number = static_cast<std::int64_t>(edits);
    PELLUCID_RETURN_IF_ERROR(npz.AddIntegers("edits", {}, {&number, 1}));
  }
  return npz.Finish();
}

}  // namespace

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
  PELLUCID_RETURN_IF_ERROR(format == TraceFormat::kNpz
                               ? WriteNpz(trace, text, model, edits, sink)
                               : WriteTensors(trace, text, model, edits, sink));
  if (stop.stop_requested()) return CancelledError("trace: stopped");
  return file.Commit();
}

}  // namespace pellucid::cli
