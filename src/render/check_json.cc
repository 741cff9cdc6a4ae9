#include "render/check_json.h"

#include <algorithm>

#include "render/model_json.h"

namespace pellucid::render {
namespace {

void WriteNumber(std::string_view key, std::optional<double> value,
                 JsonWriter& json) {
  json.Key(key);
  if (value) {
    json.Float(*value);
  } else {
    json.Null();
  }
}

void WriteCheck(const Check& check, JsonWriter& json) {
  json.BeginObject();
  json.Key("name");
  json.String(check.name);
  json.Key("ok");
  json.Bool(check.ok);
  WriteNumber("value", check.value, json);
  WriteNumber("limit", check.limit, json);
  json.Key("note");
  json.String(check.note);
  json.EndObject();
}

}  // namespace

bool CheckReport::Ok() const {
  return std::all_of(checks.begin(), checks.end(),
                     [](const Check& check) { return check.ok; });
}

void WriteCheckJson(const CheckReport& report, JsonStyle style,
                    const TextSink& sink) {
  JsonWriter json(sink, style);
  json.BeginObject(JsonWrap::kLines);
  json.Key("schema");
  json.String("pellucid.check/1");
  json.Key("model");
  WriteModel(report.model, json);
  json.Key("in_force");
  json.BeginObject(JsonWrap::kLines);
  for (const auto& [key, value] : report.in_force) {
    json.Key(key);
    json.Scalar(value);
  }
  json.EndObject();
  json.Key("checks");
  json.BeginArray(JsonWrap::kLines);
  for (const Check& check : report.checks) WriteCheck(check, json);
  json.EndArray();
  json.Key("ok");
  json.Bool(report.Ok());
  json.EndObject();
  json.Finish();
}

}  // namespace pellucid::render
