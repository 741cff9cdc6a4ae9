#include "render/turns_json.h"

namespace pellucid::render {

void WriteTurns(std::span<const TokenTurn> turns, JsonWriter& json) {
  if (turns.empty()) return;
  json.Key("turns");
  json.BeginArray();
  for (const TokenTurn& turn : turns) {
    json.BeginObject();
    json.Key("role");
    json.String(turn.role);
    json.Key("tokens");
    json.BeginArray();
    json.Integer(turn.begin);
    json.Integer(turn.end);
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
}

}  // namespace pellucid::render
