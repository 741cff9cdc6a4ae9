#include "render/lens_json.h"

#include <optional>
#include <vector>

#include "pellucid/version.h"
#include "render/model_json.h"
#include "render/turns_json.h"

namespace pellucid::render {
namespace {

// Writes the parts of one report; a class only so that they share the writer.
class LensWriter {
 public:
  LensWriter(const LensReport& report, JsonWriter& json)
      : report_(report), json_(json) {}

  void Write() {
    json_.BeginObject(JsonWrap::kLines);
    Text("schema", "pellucid.lens/1");
    Text("version", Version());
    json_.Key("model");
    WriteModel(report_.model, json_);
    WriteRunAndKind();
    WriteInput();
    WriteRows();
    WriteEnd("targets");
    if (report_.compared != nullptr) WriteCompared();
    json_.EndObject();
  }

  void WriteRunAndKind() {
    WriteRun();
    WriteKind();
  }

  void WriteKind() {
    json_.Key("lens");
    json_.BeginObject();
    Text("kind", LensKindName(report_.lens.kind));
    if (report_.lens.kind != LensKind::kLogit) {
      Text("ref", report_.lens.trained_ref);
    }
    json_.EndObject();
  }

  void WriteEnd(std::string_view targets_key) {
    WriteSummary();
    if (!report_.lens.targets.empty()) WriteTargets(targets_key);
    WriteChecks();
    WriteTiming();
  }

 private:
  void WriteCompared() {
    const LensReport other{*report_.compared, report_.model, report_.run,
                           report_.texts};
    LensWriter writer(other, json_);
    json_.Key("compare");
    json_.BeginObject(JsonWrap::kLines);
    writer.WriteKind();
    writer.WriteRows();
    writer.WriteEnd("targets");
    json_.EndObject();
  }

  void Text(std::string_view key, std::string_view text) {
    json_.Key(key);
    json_.String(text);
  }
  void Float(std::string_view key, float value) {
    json_.Key(key);
    json_.Float(value);
  }
  void Double(std::string_view key, double value) {
    json_.Key(key);
    json_.Float(value);
  }
  void FloatOrNull(std::string_view key, std::optional<float> value) {
    json_.Key(key);
    if (value) {
      json_.Float(*value);
    } else {
      json_.Null();
    }
  }
  template <typename Int>
  void Integer(std::string_view key, Int value) {
    json_.Key(key);
    json_.Integer(value);
  }
  void Milliseconds(std::string_view key, double value) {
    json_.Key(key);
    json_.Milliseconds(value);
  }
  void IdAndText(TokenId id) {
    Integer("id", id);
    json_.Key("text");
    json_.StringOrNull(TextOf(report_.texts, id));
  }

  void WriteRun() {
    json_.Key("run");
    json_.BeginObject();
    Text("isa", report_.run.isa);
    Integer("threads", report_.run.threads);
    Text("precision", report_.run.precision);
    if (report_.run.edits > 0) Integer("edits", report_.run.edits);
    json_.EndObject();
  }

  void WriteInput() {
    json_.Key("input");
    json_.BeginObject();
    json_.Key("text");
    json_.StringOrNull(report_.run.input_text);
    json_.Key("tokens");
    json_.BeginArray();
    for (const TokenId id : report_.lens.ids) {
      json_.BeginObject();
      IdAndText(id);
      json_.EndObject();
    }
    json_.EndArray();
    WriteTurns(report_.run.turns, json_);
    json_.EndObject();
  }

  void WriteRows() {
    json_.Key("rows");
    json_.BeginArray(JsonWrap::kLines);
    for (const LensRow& row : report_.lens.rows) {
      json_.BeginObject();
      Text("site", row.site);
      Integer("layer", row.layer);
      if (row.own_norm) Text("norm", "own");
      json_.Key("cells");
      json_.BeginArray(JsonWrap::kLines);
      for (const LensCell& cell : row.cells) WriteCell(cell);
      json_.EndArray();
      json_.EndObject();
    }
    json_.EndArray();
  }

  void WriteCell(const LensCell& cell) {
    json_.BeginObject();
    Integer("position", cell.position);
    json_.Key("top");
    json_.BeginArray();
    for (const TokenScore& score : cell.top) {
      json_.BeginObject();
      WriteScore(score);
      json_.EndObject();
    }
    json_.EndArray();
    Float("logz", cell.logz);
    Float("entropy", cell.entropy);
    Float("kl_to_final", cell.kl_to_final);
    if (cell.next) WriteNext(*cell.next);
    if (!report_.lens.targets.empty()) WriteCellTargets(cell);
    json_.EndObject();
  }

  void WriteScore(const TokenScore& score) {
    IdAndText(score.id);
    Float("logit", score.logit);
    Float("logprob", score.logprob);
    Float("prob", score.prob);
  }

  void WriteNext(const RankedScore& next) {
    json_.Key("next");
    json_.BeginObject();
    Integer("id", next.score.id);
    Float("logprob", next.score.logprob);
    Integer("rank", next.rank);
    json_.EndObject();
  }

  void WriteCellTargets(const LensCell& cell) {
    json_.Key("targets");
    json_.BeginArray();
    for (const RankedScore& target : cell.targets) {
      json_.BeginObject();
      WriteScore(target.score);
      Integer("rank", target.rank);
      json_.EndObject();
    }
    json_.EndArray();
  }

  void WriteSummary() {
    json_.Key("summary");
    json_.BeginArray(JsonWrap::kLines);
    for (const LensSummary& row : report_.lens.summary) {
      json_.BeginObject();
      Text("site", row.site);
      Integer("layer", row.layer);
      FloatOrNull("entropy", row.entropy);
      FloatOrNull("kl_to_final", row.kl_to_final);
      FloatOrNull("top1_agree", row.top1_agree);
      FloatOrNull("next_logprob", row.next_logprob);
      json_.EndObject();
    }
    json_.EndArray();
  }

  void WriteTargets(std::string_view key) {
    json_.Key(key);
    json_.BeginArray(JsonWrap::kLines);
    for (const LensTarget& target : report_.lens.targets) {
      json_.BeginObject();
      IdAndText(target.id);
      WriteLayers("first_hit", target.first_hit);
      WriteLayers("stable_from", target.stable_from);
      json_.EndObject();
    }
    json_.EndArray();
  }

  void WriteLayers(std::string_view key,
                   const std::vector<std::optional<std::size_t>>& layers) {
    json_.Key(key);
    json_.BeginArray();
    for (const std::optional<std::size_t>& layer : layers) {
      if (layer) {
        json_.Integer(*layer);
      } else {
        json_.Null();
      }
    }
    json_.EndArray();
  }

  void WriteChecks() {
    json_.Key("checks");
    json_.BeginObject();
    Double("max_abs_last_row_minus_logits",
           report_.lens.max_abs_last_row_minus_logits);
    if (const std::optional<LensError>& error = report_.lens.error) {
      json_.Key("fast");
      json_.BeginObject();
      Integer("cells", error->cells);
      Double("max_abs_prob_error", error->max_abs_prob);
      Double("mean_abs_prob_error", error->mean_abs_prob);
      Double("max_abs_logz_error", error->max_abs_logz);
      Double("top_k_equal", error->top_k_equal);
      json_.EndObject();
    }
    json_.EndObject();
  }

  void WriteTiming() {
    json_.Key("timing");
    json_.BeginObject();
    Milliseconds("load_ms", report_.run.load_ms);
    Milliseconds("forward_ms", report_.lens.timing.forward_ms);
    Milliseconds("lens_ms", report_.lens.timing.lens_ms);
    json_.EndObject();
  }

  const LensReport& report_;
  JsonWriter& json_;
};

}  // namespace

void WriteLensRun(const LensReport& report, JsonWriter& json) {
  LensWriter(report, json).WriteRunAndKind();
}

void WriteLensEnd(const LensReport& report, std::string_view targets_key,
                  JsonWriter& json) {
  LensWriter(report, json).WriteEnd(targets_key);
}

void WriteLensJson(const LensReport& report, JsonStyle style,
                   const TextSink& sink) {
  JsonWriter json(sink, style);
  LensWriter(report, json).Write();
  json.Finish();
}

std::string LensJson(const LensReport& report, JsonStyle style) {
  std::string out;
  WriteLensJson(report, style, AppendTo(&out));
  return out;
}

}  // namespace pellucid::render
