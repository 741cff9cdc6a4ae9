#include "trace/trace_writer.h"

#include <fmt/format.h>

#include <cstdint>
#include <vector>

#include "formats/npz.h"
#include "formats/safetensors_writer.h"
#include "pellucid/version.h"

namespace pellucid {

Status WriteTraceSafetensors(const Trace& trace, const TraceOrigin& origin,
                             const ByteSink& sink) {
  std::vector<NamedFloats> tensors;
  for (const auto& [name, tensor] : trace.sites) {
    tensors.push_back({name, tensor.shape, tensor.data});
  }
  TextMap metadata;
  metadata["ids"] = fmt::format("[{}]", fmt::join(trace.ids, ","));
  if (origin.text) metadata["text"] = *origin.text;
  metadata["model"] = origin.model;
  metadata["pellucid"] = Version();
  if (origin.edits > 0) metadata["edits"] = fmt::format("{}", origin.edits);
  return WriteSafetensors(sink, tensors, metadata);
}

Status WriteTraceNpz(const Trace& trace, const TraceOrigin& origin,
                     const ByteSink& sink) {
  NpzWriter npz(sink);
  for (const auto& [name, tensor] : trace.sites) {
    PELLUCID_RETURN_IF_ERROR(npz.AddFloats(name, tensor.shape, tensor.data));
  }
  const std::vector<std::int64_t> ids(trace.ids.begin(), trace.ids.end());
  const std::size_t count = ids.size();
  PELLUCID_RETURN_IF_ERROR(npz.AddIntegers("ids", {&count, 1}, ids));
  if (origin.text) PELLUCID_RETURN_IF_ERROR(npz.AddText("text", *origin.text));
  PELLUCID_RETURN_IF_ERROR(npz.AddText("model", origin.model));
  PELLUCID_RETURN_IF_ERROR(npz.AddText("pellucid", Version()));
  if (origin.edits > 0) {
    const auto number = static_cast<std::int64_t>(origin.edits);
    PELLUCID_RETURN_IF_ERROR(npz.AddIntegers("edits", {}, {&number, 1}));
  }
  return npz.Finish();
}

}  // namespace pellucid
