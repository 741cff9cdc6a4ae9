#include "render/pull_json.h"

#include <string_view>

namespace pellucid::render {

void WritePullJson(const PullReport& report, JsonStyle style,
                   const TextSink& sink) {
  JsonWriter json(sink, style);
  const auto text = [&json](std::string_view key, std::string_view value) {
    json.Key(key);
    json.String(value);
  };
  json.BeginObject(JsonWrap::kLines);
  text("schema", "pellucid.pull/1");
  text("ref", report.ref);
  text("repo", report.repo);
  text("revision", report.revision);
  text("commit", report.commit);
  text("path", report.path);
  json.Key("current");
  json.Bool(report.is_current);
  json.Key("files");
  json.BeginArray(JsonWrap::kLines);
  for (const PullReport::File& file : report.files) {
    json.BeginObject();
    text("name", file.name);
    json.Key("bytes");
    json.Integer(file.bytes);
    json.Key("downloaded");
    json.Bool(file.downloaded);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  json.Finish();
}

}  // namespace pellucid::render
