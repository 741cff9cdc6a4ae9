#include "render/tune_json.h"

#include "render/report_json.h"

namespace pellucid::render {

void WriteTuneJson(const TrainedLens& lens, std::string_view path,
                   const std::vector<std::vector<float>>& losses,
                   const ModelInfo& model, const RunInfo& run,
                   const TextSink& sink) {
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
  WriteMatrix(json, "losses", losses,
              [](float loss) { return static_cast<double>(loss); });
  json.EndObject();
  json.Finish();
}

}  // namespace pellucid::render
