#include "render/models_json.h"

#include <string_view>

namespace pellucid::render {
namespace {

void WriteText(std::string_view key, std::string_view value, JsonWriter& json) {
  json.Key(key);
  json.String(value);
}

void WriteTextOrNull(std::string_view key, const std::string& value,
                     JsonWriter& json) {
  json.Key(key);
  if (value.empty()) {
    json.Null();
  } else {
    json.String(value);
  }
}

void WriteEntry(const ModelsReport::Entry& entry, JsonWriter& json) {
  json.BeginObject();
  WriteText("ref", entry.ref, json);
  WriteTextOrNull("revision", entry.revision, json);
  WriteTextOrNull("commit", entry.commit, json);
  WriteTextOrNull("path", entry.path, json);
  json.Key("bytes");
  json.Integer(entry.bytes);
  WriteTextOrNull("architecture", entry.architecture, json);
  WriteTextOrNull("format", entry.format, json);
  json.Key("ok");
  json.Bool(entry.ok());
  WriteTextOrNull("problem", entry.problem, json);
  json.EndObject();
}

}  // namespace

void WriteModelsJson(const ModelsReport& report, JsonStyle style,
                     const TextSink& sink) {
  JsonWriter json(sink, style);
  json.BeginObject(JsonWrap::kLines);
  WriteText("schema", "pellucid.models/1", json);
  WriteText("cache", report.cache, json);
  WriteText("folder", report.folder, json);
  json.Key("models");
  json.BeginArray(JsonWrap::kLines);
  for (const ModelsReport::Entry& entry : report.models) {
    WriteEntry(entry, json);
  }
  json.EndArray();
  json.EndObject();
  json.Finish();
}

}  // namespace pellucid::render
