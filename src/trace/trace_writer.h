// A trace as bytes: tensors by site name, and what they belong to, in the two
// formats that readers of NumPy and of torch open without this program.
#ifndef PELLUCID_TRACE_TRACE_WRITER_H_
#define PELLUCID_TRACE_TRACE_WRITER_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_sink.h"
#include "pellucid/result.h"
#include "pellucid/trace.h"

namespace pellucid {

// Keys of the metadata; in npz, names of arrays beside the sites'.
inline constexpr std::array<std::string_view, 5> kMetadataNames = {
    "ids", "text", "model", "pellucid", "edits"};

// What a trace is of.
struct TraceOrigin {
  std::optional<std::string> text = {};  // empty: ids
  std::string model = {};                // the reference
  std::size_t edits = 0;                 // made in the run
};

// Each writes every tensor and the metadata "ids" (JSON text), "text" (where
// there is one), "model", "pellucid" (the version) and, where there were some,
// "edits"; in npz these are arrays of those names, ids and edits ones of
// integers. kFailed: what `sink` says; in npz, a site of such a name.
Status WriteTraceSafetensors(const Trace& trace, const TraceOrigin& origin,
                             const ByteSink& sink);
Status WriteTraceNpz(const Trace& trace, const TraceOrigin& origin,
                     const ByteSink& sink);

}  // namespace pellucid

#endif  // PELLUCID_TRACE_TRACE_WRITER_H_
