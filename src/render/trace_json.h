// The record of a trace for programs: which file holds it, and which tensors of
// which shapes that has, so that nobody needs to open it to find out.
#ifndef PELLUCID_RENDER_TRACE_JSON_H_
#define PELLUCID_RENDER_TRACE_JSON_H_

#include <cstddef>
#include <optional>
#include <string>

#include "pellucid/trace.h"
#include "render/json_writer.h"

namespace pellucid::render {

// {"file": path, "ids": [...], "text": TEXT or null, "edits": N, "tensors":
// {NAME: SHAPE, ...}} and a line feed. `text` is empty where the input was ids;
// without `edits` there is no such key.
void WriteTraceJson(const Trace& trace, const std::optional<std::string>& text,
                    std::size_t edits, const std::string& path, JsonStyle style,
                    const TextSink& sink);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_TRACE_JSON_H_
