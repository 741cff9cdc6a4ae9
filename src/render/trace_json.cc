#include "render/trace_json.h"

#include "render/turns_json.h"

namespace pellucid::render {

void WriteTraceJson(const Trace& trace, const TraceInput& input,
                    const std::string& path, JsonStyle style,
                    const TextSink& sink) {
  JsonWriter json(sink, style);
  json.BeginObject(JsonWrap::kLines);
  json.Key("file");
  json.String(path);
  json.Key("ids");
  json.BeginArray();
  for (const TokenId id : trace.ids) json.Integer(id);
  json.EndArray();
  json.Key("text");
  json.StringOrNull(input.text);
  WriteTurns(input.turns, json);
  if (input.edits > 0) {
    json.Key("edits");
    json.Integer(input.edits);
  }
  json.Key("tensors");
  json.BeginObject(JsonWrap::kLines);
  for (const auto& [name, tensor] : trace.sites) {
    json.Key(name);
    json.BeginArray();
    for (const std::size_t dim : tensor.shape) json.Integer(dim);
    json.EndArray();
  }
  json.EndObject();
  json.EndObject();
  json.Finish();
}

}  // namespace pellucid::render
