#include "render/generate_json.h"

namespace pellucid::render {
namespace {

void WriteIdAndText(TokenId id, const TokenTexts& texts, JsonWriter& json) {
  json.Key("id");
  json.Integer(id);
  json.Key("text");
  json.StringOrNull(TextOf(texts, id));
}

}  // namespace

void WriteGenerateJson(const GenerateReport& report, JsonStyle style,
                       const TextSink& sink) {
  JsonWriter json(sink, style);
  json.BeginObject(JsonWrap::kLines);
  json.Key("schema");
  json.String("pellucid.generate/1");
  json.Key("prompt");
  json.BeginObject();
  json.Key("tokens");
  json.BeginArray();
  for (const TokenId id : report.made.prompt) {
    json.BeginObject();
    WriteIdAndText(id, report.texts, json);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  if (report.scale) {
    json.Key("scale");
    json.Float(*report.scale);
  }
  json.Key("tokens");
  json.BeginArray(JsonWrap::kLines);
  for (const GeneratedToken& token : report.made.tokens) {
    json.BeginObject();
    WriteIdAndText(token.id, report.texts, json);
    json.Key("logprob");
    json.Float(static_cast<double>(token.logprob));
    json.EndObject();
  }
  json.EndArray();
  json.Key("text");
  if (report.texts) {
    json.String(report.made.text);
  } else {
    json.Null();
  }
  json.Key("finish");
  json.String(FinishReasonName(report.made.finish));
  json.EndObject();
  json.Finish();
}

}  // namespace pellucid::render
