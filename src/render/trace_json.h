// The record of a trace for programs: which file holds it, and which tensors of
// which shapes that has, so that nobody needs to open it to find out.
#ifndef PELLUCID_RENDER_TRACE_JSON_H_
#define PELLUCID_RENDER_TRACE_JSON_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "pellucid/chat.h"
#include "pellucid/trace.h"
#include "render/json_writer.h"

namespace pellucid::render {

// What a run was given.
struct TraceInput {
  std::optional<std::string> text = {};  // empty: ids
  std::vector<TokenTurn> turns = {};     // of a conversation
  std::size_t edits = 0;
};

// {"file": path, "ids": [...], "text": TEXT or null, "turns": [...],
// "edits": N, "tensors": {NAME: SHAPE, ...}} and a line feed. Without turns or
// edits there is no such key (render/turns_json.h).
void WriteTraceJson(const Trace& trace, const TraceInput& input,
                    const std::string& path, JsonStyle style,
                    const TextSink& sink);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_TRACE_JSON_H_
