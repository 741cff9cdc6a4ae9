#include "render/tune_json.h"

#include "render/report_json.h"

namespace pellucid::render {

void WriteTuneJson(const TrainedLens& lens, std::string_view path,
                   const TuneLog& log, const ModelInfo& model,
                   const RunInfo& run, const TextSink& sink) {
  JsonWriter json(sink, JsonStyle::kIndented);
  json.BeginObject(JsonWrap::kLines);
  WriteText(json, "schema", "pellucid.tune/1");
  WriteOrigin(json, model, run);
  WriteText(json, "lens", path);
  WriteArray(json, "sites", lens.translators,
             [&](const LensTranslator& map) { json.String(map.site); });
  json.Key("record");
  json.BeginObject();
  for (const auto& [key, text] : lens.record) {
    json.Key(key);
    json.Scalar(text);
  }
  json.EndObject();
  const auto wide = [](float loss) { return static_cast<double>(loss); };
  WriteMatrix(json, "losses", log.losses, wide);
  WriteArray(
      json, "checks", log.checks,
      [&](const TuneCheck& check) {
        json.BeginObject();
        json.Key("step");
        json.Integer(check.step);
        WriteArray(json, "losses", check.losses,
                   [&](float loss) { json.Float(wide(loss)); });
        json.EndObject();
      },
      JsonWrap::kLines);
  json.EndObject();
  json.Finish();
}

}  // namespace pellucid::render
