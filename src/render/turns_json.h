// Whose the tokens of a conversation are, for programs: a key of a report's
// input that is there only where a chat template laid the prompt out.
#ifndef PELLUCID_RENDER_TURNS_JSON_H_
#define PELLUCID_RENDER_TURNS_JSON_H_

#include <span>

#include "pellucid/chat.h"
#include "render/json_writer.h"

namespace pellucid::render {

// "turns": [{"role": "user", "tokens": [begin, end]}, ...] into the object that
// is open; without turns nothing.
void WriteTurns(std::span<const TokenTurn> turns, JsonWriter& json);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_TURNS_JSON_H_
