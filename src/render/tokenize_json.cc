#include "render/tokenize_json.h"

namespace pellucid::render {
namespace {

void WriteIds(std::span<const TokenId> ids, JsonWriter& json) {
  json.BeginArray();
  for (const TokenId id : ids) json.Integer(id);
  json.EndArray();
}

}  // namespace

void WriteTokenizeJson(std::span<const TokenId> ids, const TokenTexts& texts,
                       JsonStyle style, const TextSink& sink) {
  JsonWriter json(sink, style);
  json.BeginObject(JsonWrap::kLines);
  json.Key("ids");
  WriteIds(ids, json);
  json.Key("tokens");
  json.BeginArray(JsonWrap::kLines);
  for (const TokenId id : ids) {
    json.BeginObject();
    json.Key("id");
    json.Integer(id);
    json.Key("text");
    json.StringOrNull(TextOf(texts, id));
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  json.Finish();
}

std::string IdsJsonLine(std::span<const TokenId> ids) {
  std::string out;
  JsonWriter json(AppendTo(&out), JsonStyle::kCompact);
  WriteIds(ids, json);
  json.Finish();
  return out;
}

std::string TextJsonLine(std::string_view text) {
  std::string out;
  JsonWriter json(AppendTo(&out), JsonStyle::kCompact);
  json.String(text);
  json.Finish();
  return out;
}

}  // namespace pellucid::render
