#include "render/attention_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "render/display_text.h"
#include "render/packed_json.h"
#include "render/report_json.h"
#include "render/wrap_text.h"

namespace pellucid::render {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

std::string ShownText(const TokenTexts& texts, TokenId id) {
  return DisplayText(TextOrId(texts, id));
}

// The prompt, from its tokens: BOS shows.
std::string PromptOf(const std::vector<TokenId>& ids, const TokenTexts& texts) {
  std::string prompt;
  for (const TokenId id : ids) prompt += TextOrId(texts, id);
  return QuotedText(prompt);
}

// Rows of a pattern up to their own key; behind it nothing.
std::vector<std::vector<double>> Triangle(const Tensor& weights) {
  std::vector<std::vector<double>> out;
  for (std::size_t q = 0; q < weights.shape[0]; ++q) {
    const auto row = weights.Row(q);
    out.emplace_back(row.size(), kNothing);
    std::copy_n(row.begin(), q + 1, out.back().begin());
  }
  return out;
}

// All that heatmaps of patterns share.
Heatmap SharedPattern(const PatternReport& report) {
  Heatmap map;
  map.prompt = PromptOf(report.patterns.ids, report.texts);
  map.row_title = "query";
  map.column_title = "key";
  map.value_title = "attention weight";
  map.limits = {0, 1};
  for (const TokenId id : report.patterns.ids) {
    map.rows.push_back(ShownText(report.texts, id));
  }
  map.columns = map.rows;
  return map;
}

// The key that a head looks at most from the last position.
std::size_t TopKey(const HeadPattern& pattern) {
  const auto row = pattern.weights.Row(pattern.weights.shape[0] - 1);
  return static_cast<std::size_t>(std::ranges::max_element(row) - row.begin());
}

// Blocks down, heads across: a token and its weight in each cell.
std::string Overview(const PatternReport& report, std::size_t width,
                     ColorMode color) {
  constexpr std::size_t kTokenWidth = 7;
  const AttentionPatterns& patterns = report.patterns;
  const std::size_t all = patterns.heads.size();
  const std::size_t cell = 1 + kTokenWidth + 5;  // " France 100%"
  std::size_t shown = all;
  if (width > 0) {
    shown = std::clamp<std::size_t>(width > 5 ? (width - 5) / cell : 0, 1, all);
  }
  std::string out = "layer";
  for (std::size_t h = 0; h < shown; ++h) {
    out += " " + PadLeft(fmt::format("head {}", patterns.heads[h]), cell - 1);
  }
  out += "\n";
  for (std::size_t l = 0; l < patterns.layers.size(); ++l) {
    out += PadLeft(std::to_string(patterns.layers[l]), 5);
    for (std::size_t h = 0; h < shown; ++h) {
      const HeadPattern& pattern = patterns.patterns[l * all + h];
      const std::size_t key = TopKey(pattern);
      const auto weight = static_cast<double>(
          pattern.weights.Row(patterns.ids.size() - 1)[key]);
      const std::string token =
          Truncate(ShownText(report.texts, patterns.ids[key]), kTokenWidth);
      out += " " + Shaded(weight, color) + PadLeft(token, kTokenWidth) +
             PadLeft(fmt::format("{:.0f}%", weight * 100), 5);
      out += Reset(color);
    }
    out += "\n";
  }
  std::string note = fmt::format(
      "{}: the token that each head looks at most from the last position, {}, "
      "and its weight; choose --layers and --heads to see whole patterns (of "
      "at most {} heads and {} tokens)",
      PromptOf(patterns.ids, report.texts),
      QuotedText(TextOrId(report.texts, patterns.ids.back())),
      kMostPatternTables, kMostPatternTokens);
  if (shown < all) {
    note += fmt::format("; {} heads have no room here", all - shown);
  }
  for (const std::string& line : WrapText(note, width)) out += line + "\n";
  return out;
}

std::string KindTitle(HeadKind kind) {
  std::string title(HeadKindName(kind));
  std::ranges::replace(title, '_', ' ');
  return title;
}

Heatmap SharedScores(const ScoreReport& report) {
  Heatmap map;
  map.row_title = "layer";
  map.column_title = "head";
  map.value_title = "mean attention weight";
  map.limits = {0, 1};
  for (std::size_t i = 0; i < report.scores.n_layers; ++i) {
    map.rows.push_back(std::to_string(i));
  }
  for (std::size_t i = 0; i < report.scores.n_heads; ++i) {
    map.columns.push_back(std::to_string(i));
  }
  return map;
}

std::vector<std::vector<double>> ScoreMatrix(const HeadScores& scores,
                                             HeadKind kind) {
  std::vector<std::vector<double>> out(scores.n_layers);
  for (const HeadScore& head : scores.heads) {
    out[head.layer].push_back(head.Of(kind));
  }
  return out;
}

std::string SampleText(const ScoreReport& report) {
  const HeadScoreOptions& options = report.options;
  return fmt::format("{} random tokens x {}, {} sequence{}, seed {}{}",
                     options.n_random_tokens, options.n_repeats,
                     options.n_sequences, options.n_sequences == 1 ? "" : "s",
                     options.seed, report.scores.has_bos ? ", behind BOS" : "");
}

// {"layer", "head", KEY: its score}.
void WriteHead(JsonWriter& json, const HeadScore& head,
               const std::vector<std::pair<std::string_view, HeadKind>>& keys) {
  json.BeginObject();
  json.Key("layer");
  json.Integer(head.layer);
  json.Key("head");
  json.Integer(head.head);
  for (const auto& [name, kind] : keys) {
    json.Key(name);
    json.Float(head.Of(kind));
  }
  json.EndObject();
}

// `weights`, all in [0, 1], as the nearest multiples of 1 / `scale`.
template <typename Whole>
std::vector<Whole> Rounded(const std::vector<float>& weights, float scale) {
  std::vector<Whole> out(weights.size());
  std::ranges::transform(weights, out.begin(), [scale](float weight) {
    return static_cast<Whole>(std::lround(weight * scale));
  });
  return out;
}

void WriteWeights(JsonWriter& json, const std::vector<float>& weights) {
  constexpr std::uint32_t kScale16 = 65535, kScale8 = 255;
  const bool is_exact = weights.size() <= kMostExactWeights;
  const bool has_16_bits = weights.size() <= kMost16BitWeights;
  json.Key("weight_scale");
  json.Integer(is_exact ? 1 : has_16_bits ? kScale16 : kScale8);
  json.Key("weights");
  if (is_exact) {
    WritePacked(json, std::span(weights));
  } else if (has_16_bits) {
    const auto whole = Rounded<std::uint32_t>(weights, kScale16);
    WritePacked(json, std::span(whole));
  } else {
    const auto whole = Rounded<std::uint8_t>(weights, kScale8);
    WritePacked(json, std::span(whole));
  }
}

// What a report of patterns says before the weights.
void WritePatternHead(JsonWriter& json, const PatternReport& report) {
  WriteText(json, "schema", "pellucid.attn/1");
  WriteOrigin(json, report.model, report.run);
  json.Key("input");
  json.BeginObject();
  json.Key("text");
  json.StringOrNull(report.run.input_text);
  WriteTokens(json, "tokens", report.patterns.ids, report.texts);
  json.EndObject();
  WriteIndices(json, "layers", report.patterns.layers);
  WriteIndices(json, "heads", report.patterns.heads);
}

void WriteSample(JsonWriter& json, const ScoreReport& report) {
  json.Key("sample");
  json.BeginObject();
  const auto number = [&](std::string_view key, auto value) {
    json.Key(key);
    json.Integer(value);
  };
  number("n_random_tokens", report.options.n_random_tokens);
  number("n_repeats", report.options.n_repeats);
  number("n_sequences", report.options.n_sequences);
  number("seed", report.options.seed);
  json.Key("bos");
  json.Bool(report.scores.has_bos);
  json.EndObject();
}

}  // namespace

void WritePatternJson(const PatternReport& report, const TextSink& sink) {
  const AttentionPatterns& patterns = report.patterns;
  JsonWriter json(sink, JsonStyle::kIndented);
  json.BeginObject(JsonWrap::kLines);
  WritePatternHead(json, report);
  WriteArray(
      json, "patterns", patterns.patterns,
      [&](const HeadPattern& pattern) {
        json.BeginObject();
        json.Key("layer");
        json.Integer(pattern.layer);
        json.Key("head");
        json.Integer(pattern.head);
        json.Key("weights");
        json.BeginArray(JsonWrap::kLines);
        for (std::size_t q = 0; q < patterns.ids.size(); ++q) {
          json.BeginArray();
          for (const float weight : pattern.weights.Row(q)) {
            json.Float(static_cast<double>(weight));
          }
          json.EndArray();
        }
        json.EndArray();
        json.EndObject();
      },
      JsonWrap::kLines);
  json.EndObject();
  json.Finish();
}

void WritePackedPatterns(const PatternReport& report, JsonWriter& json) {
  std::vector<float> weights;
  for (const HeadPattern& pattern : report.patterns.patterns) {
    for (std::size_t q = 0; q < report.patterns.ids.size(); ++q) {
      const auto row = pattern.weights.Row(q);
      weights.insert(weights.end(), row.begin(),
                     row.begin() + static_cast<std::ptrdiff_t>(q + 1));
    }
  }
  json.BeginObject();
  WritePatternHead(json, report);
  WriteWeights(json, weights);
  json.EndObject();
}

std::string PatternCsv(const PatternReport& report) {
  std::string out = "layer,head,query,key,weight\n";
  for (const HeadPattern& pattern : report.patterns.patterns) {
    for (std::size_t q = 0; q < report.patterns.ids.size(); ++q) {
      for (std::size_t k = 0; k <= q; ++k) {
        out += fmt::format(
            "{},{},{},{},{}\n", pattern.layer, pattern.head, q, k,
            CsvNumber(static_cast<double>(pattern.weights.Row(q)[k])));
      }
    }
  }
  return out;
}

std::string PatternTable(const PatternReport& report, std::size_t width,
                         ColorMode color) {
  const std::vector<HeadPattern>& patterns = report.patterns.patterns;
  if (patterns.size() > kMostPatternTables ||
      report.patterns.ids.size() > kMostPatternTokens) {
    return Overview(report, width, color);
  }
  Heatmap map = SharedPattern(report);
  std::string out;
  for (const HeadPattern& pattern : patterns) {
    map.title = fmt::format(
        "Layer {}, head {}: attention weight of each query "
        "(down) on each key (across)",
        pattern.layer, pattern.head);
    map.values = Triangle(pattern.weights);
    if (!out.empty()) out += "\n";
    out += HeatmapTable(map, width, color);
  }
  return out;
}

HeatmapGrid PatternGrid(const PatternReport& report) {
  const AttentionPatterns& patterns = report.patterns;
  HeatmapGrid grid;
  grid.shared = SharedPattern(report);
  grid.shared.title =
      "Attention: " + DisplayText(report.model.ref, Spaces::kAsTheyAre);
  for (const HeadPattern& pattern : patterns.patterns) {
    grid.panels.push_back({fmt::format("L{} H{}", pattern.layer, pattern.head),
                           Triangle(pattern.weights)});
  }
  // One block's heads, or one head's blocks, fill a square.
  grid.across = patterns.heads.size();
  if (patterns.layers.size() == 1 || patterns.heads.size() == 1) {
    grid.across = 1;
    while (grid.across * grid.across < patterns.patterns.size()) ++grid.across;
  }
  return grid;
}

void WriteScoreJson(const ScoreReport& report, const TextSink& sink) {
  JsonWriter json(sink, JsonStyle::kIndented);
  WriteScores(report, json);
  json.Finish();
}

void WriteScores(const ScoreReport& report, JsonWriter& json) {
  const HeadScores& scores = report.scores;
  std::vector<std::pair<std::string_view, HeadKind>> all;
  for (const HeadKind kind : kHeadKinds) {
    all.emplace_back(HeadKindName(kind), kind);
  }
  json.BeginObject(JsonWrap::kLines);
  WriteText(json, "schema", "pellucid.attn/1");
  WriteOrigin(json, report.model, report.run);
  WriteSample(json, report);
  WriteArray(
      json, "sequences", scores.sequences,
      [&](const std::vector<TokenId>& ids) {
        json.BeginArray();
        for (const TokenId id : ids) json.Integer(id);
        json.EndArray();
      },
      JsonWrap::kLines);
  WriteArray(
      json, "scores", scores.heads,
      [&](const HeadScore& head) { WriteHead(json, head, all); },
      JsonWrap::kLines);
  json.Key("ranked");
  json.BeginObject(JsonWrap::kLines);
  for (const HeadKind kind : kHeadKinds) {
    std::vector<HeadScore> ranked = RankHeads(scores, kind);
    ranked.resize(std::min(ranked.size(), report.top));
    WriteArray(json, HeadKindName(kind), ranked, [&](const HeadScore& head) {
      WriteHead(json, head, {{"score", kind}});
    });
  }
  json.EndObject();
  json.EndObject();
}

std::string ScoreCsv(const ScoreReport& report) {
  std::string out = "layer,head";
  for (const HeadKind kind : kHeadKinds) {
    out += fmt::format(",{}", HeadKindName(kind));
  }
  out += "\n";
  for (const HeadScore& head : report.scores.heads) {
    out += fmt::format("{},{}", head.layer, head.head);
    for (const HeadKind kind : kHeadKinds)
      out += "," + CsvNumber(head.Of(kind));
    out += "\n";
  }
  return out;
}

std::string ScoreTable(const ScoreReport& report, std::size_t width,
                       ColorMode color) {
  constexpr std::size_t kCell = 17;
  const HeadScores& scores = report.scores;
  std::vector<std::vector<HeadScore>> ranked;
  std::string out = "rank";
  for (const HeadKind kind : kHeadKinds) {
    ranked.push_back(RankHeads(scores, kind));
    out += "  " + PadRight(KindTitle(kind), kCell - 2);
  }
  out.erase(out.find_last_not_of(' ') + 1);
  out += "\n";
  for (std::size_t i = 0; i < std::min(report.top, scores.heads.size()); ++i) {
    out += PadLeft(std::to_string(i + 1), 4);
    for (std::size_t k = 0; k < kHeadKinds.size(); ++k) {
      const HeadScore& head = ranked[k][i];
      const double score = head.Of(kHeadKinds[k]);
      out += "  " + Shaded(score, color) +
             PadRight(fmt::format("L{} H{}", head.layer, head.head), 8) +
             fmt::format("{:.3f}", score);
      out += Reset(color);
      if (k + 1 < kHeadKinds.size()) out += "  ";
    }
    out += "\n";
  }
  Heatmap map = SharedScores(report);
  map.title = fmt::format("Score of every head: {}", KindTitle(report.kind));
  map.values = ScoreMatrix(scores, report.kind);
  map.notes.push_back(fmt::format(
      "{}: {}; scores are mean attention weights (docs/attention.md)",
      DisplayText(report.model.ref, Spaces::kAsTheyAre), SampleText(report)));
  return out + "\n" + HeatmapTable(map, width, color);
}

HeatmapGrid ScoreGrid(const ScoreReport& report) {
  HeatmapGrid grid;
  grid.shared = SharedScores(report);
  grid.shared.title = "Scores of attention heads: " +
                      DisplayText(report.model.ref, Spaces::kAsTheyAre);
  grid.shared.prompt = SampleText(report);
  for (const HeadKind kind : kHeadKinds) {
    const HeadScore best = RankHeads(report.scores, kind).front();
    grid.panels.push_back({KindTitle(kind), ScoreMatrix(report.scores, kind)});
    grid.shared.notes.push_back(fmt::format("Highest {}: L{} H{}, {:.3f}",
                                            KindTitle(kind), best.layer,
                                            best.head, best.Of(kind)));
  }
  grid.across = grid.panels.size();
  return grid;
}

}  // namespace pellucid::render
