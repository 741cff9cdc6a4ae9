#include "render/bench_json.h"

namespace pellucid::render {

void WriteBenchJson(const BenchReport& report, JsonStyle style,
                    const TextSink& sink) {
  JsonWriter json(sink, style);
  json.BeginObject();
  json.Key("what");
  json.String(report.what);
  json.Key("tokens");
  json.Integer(report.tokens);
  json.Key("threads");
  json.Integer(report.threads);
  json.Key("isa");
  json.String(report.isa);
  json.Key("median_ms");
  json.Milliseconds(report.median_ms);
  json.Key("min_ms");
  json.Milliseconds(report.min_ms);
  json.Key("max_ms");
  json.Milliseconds(report.max_ms);
  if (report.tokens_per_s) {
    json.Key("tokens_per_s");
    json.Float(*report.tokens_per_s);
  }
  json.EndObject();
  json.Finish();
}

}  // namespace pellucid::render
