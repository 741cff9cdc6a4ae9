#include "render/depth_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "render/csv.h"
#include "render/display_text.h"
#include "render/line_chart.h"
#include "render/report_json.h"

namespace pellucid::render {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

// A lens of the report under its name.
struct Named {
  std::string_view name;
  const std::vector<TokenDepth>* depths;
};

std::vector<Named> LensesOf(const DepthReport& report) {
  std::vector<Named> out = {{LensKindName(LensKind::kLogit), &report.logit}};
  if (report.trained != nullptr) {
    out.push_back({LensKindName(report.kind), report.trained});
  }
  return out;
}

std::string_view TokenName(DepthToken token) {
  return token == DepthToken::kPredicted ? "predicted" : "next";
}

// What is looked for, in words.
std::string Sought(const DepthReport& report) {
  return report.token == DepthToken::kPredicted
             ? "the token that the model predicts"
             : "the text's next token";
}

// Shares of tokens whose layer is at most this one: [n_layers].
std::vector<double> Cumulative(const std::vector<std::size_t>& by_layer,
                               std::size_t tokens) {
  std::vector<double> out;
  std::size_t sum = 0;
  for (const std::size_t count : by_layer) {
    sum += count;
    out.push_back(static_cast<double>(sum) /
                  static_cast<double>(std::max<std::size_t>(1, tokens)));
  }
  return out;
}

void WriteHistogram(JsonWriter& json, const DepthHistogram& histogram) {
  const auto number = [&](std::string_view key, std::size_t value) {
    json.Key(key);
    json.Integer(value);
  };
  number("tokens", histogram.tokens);
  WriteIndices(json, "first_hit", histogram.first_hit);
  number("never_hit", histogram.never_hit);
  json.Key("mean_first_hit");
  json.Float(histogram.mean_first_hit.value_or(kNothing));
  WriteIndices(json, "stable_from", histogram.stable_from);
  number("never_stable", histogram.never_stable);
  json.Key("mean_stable_from");
  json.Float(histogram.mean_stable_from.value_or(kNothing));
}

void WriteGroups(JsonWriter& json, std::string_view key,
                 const std::vector<DepthGroup>& groups) {
  WriteArray(
      json, key, groups,
      [&](const DepthGroup& group) {
        json.BeginObject();
        WriteText(json, "name", group.name);
        WriteHistogram(json, group.histogram);
        json.EndObject();
      },
      JsonWrap::kLines);
}

void WriteLayer(JsonWriter& json, std::string_view key,
                const std::optional<std::size_t>& layer) {
  json.Key(key);
  if (layer) {
    json.Integer(*layer);
  } else {
    json.Null();
  }
}

void WriteDepth(JsonWriter& json, const TokenDepth& depth,
                const TokenTexts& texts) {
  json.BeginObject();
  json.Key("window");
  json.Integer(depth.window);
  json.Key("position");
  json.Integer(depth.position);
  json.Key("id");
  json.Integer(depth.id);
  json.Key("text");
  json.StringOrNull(TextOf(texts, depth.id));
  WriteText(json, "class", TokenClassName(depth.token_class));
  WriteLayer(json, "first_hit", depth.first_hit);
  WriteLayer(json, "stable_from", depth.stable_from);
  json.EndObject();
}

std::string LayerText(const std::optional<std::size_t>& layer) {
  return layer ? fmt::format("{}", *layer) : std::string();
}

std::string MeanText(const std::optional<double>& mean) {
  return mean ? fmt::format("{:.1f}", *mean) : std::string("-");
}

// One group of each lens on a line; the groups are the same, since all lenses
// look at the same tokens.
void AppendGroups(const std::string& title,
                  const std::vector<std::vector<DepthGroup>>& by_lens,
                  std::string& out) {
  out += fmt::format("\n{:<12} {:>8}", title, "tokens");
  for (std::size_t i = 0; i < by_lens.size(); ++i) {
    out += fmt::format("  {:>9} {:>9} {:>7}", "first", "stays", "never");
  }
  out += '\n';
  for (std::size_t g = 0; g < by_lens.front().size(); ++g) {
    const DepthGroup& group = by_lens.front()[g];
    out += fmt::format("{:<12} {:>8}", group.name, group.histogram.tokens);
    for (const std::vector<DepthGroup>& groups : by_lens) {
      const DepthHistogram& histogram = groups[g].histogram;
      out += fmt::format(
          "  {:>9} {:>9} {:>7}", MeanText(histogram.mean_first_hit),
          MeanText(histogram.mean_stable_from), histogram.never_stable);
    }
    out += '\n';
  }
}

}  // namespace

void WriteDepthJson(const DepthReport& report, const TextSink& sink) {
  const std::size_t layers = report.model.n_layers;
  JsonWriter json(sink, JsonStyle::kIndented);
  json.BeginObject(JsonWrap::kLines);
  WriteText(json, "schema", "pellucid.depth/1");
  WriteOrigin(json, report.model, report.run);
  json.Key("data");
  json.BeginObject();
  json.Key("tokens");
  json.Integer(report.text_tokens);
  json.EndObject();
  WriteText(json, "token", TokenName(report.token));
  json.Key("lenses");
  json.BeginArray(JsonWrap::kLines);
  for (const Named& named : LensesOf(report)) {
    json.BeginObject(JsonWrap::kLines);
    WriteText(json, "kind", named.name);
    if (named.depths == report.trained) WriteText(json, "ref", report.ref);
    json.Key("all");
    json.BeginObject();
    WriteHistogram(json, HistogramOf(*named.depths, layers));
    json.EndObject();
    WriteGroups(json, "by_class", DepthsByClass(*named.depths, layers));
    WriteGroups(json, "by_position", DepthsByPosition(*named.depths, layers));
    WriteArray(
        json, "tokens", *named.depths,
        [&](const TokenDepth& depth) { WriteDepth(json, depth, report.texts); },
        JsonWrap::kLines);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  json.Finish();
}

std::string DepthCsv(const DepthReport& report) {
  std::string out =
      "lens,window,position,id,text,class,first_hit,stable_from\n";
  for (const Named& named : LensesOf(report)) {
    for (const TokenDepth& depth : *named.depths) {
      out += fmt::format(
          "{},{},{},{},{},{},{},{}\n", named.name, depth.window, depth.position,
          depth.id, CsvField(TextOrId(report.texts, depth.id)),
          TokenClassName(depth.token_class), LayerText(depth.first_hit),
          LayerText(depth.stable_from));
    }
  }
  return out;
}

std::string DepthTable(const DepthReport& report) {
  const std::size_t layers = report.model.n_layers;
  const std::vector<Named> lenses = LensesOf(report);
  std::string names = "     ", heads = "layer";
  std::vector<std::vector<double>> columns;
  std::vector<std::vector<DepthGroup>> classes, positions;
  std::string summary;
  for (const Named& named : lenses) {
    const DepthHistogram all = HistogramOf(*named.depths, layers);
    names += fmt::format("  {:^17}", fmt::format("{} lens", named.name));
    heads += fmt::format("  {:>8} {:>8}", "first", "stays");
    columns.push_back(Cumulative(all.first_hit, all.tokens));
    columns.push_back(Cumulative(all.stable_from, all.tokens));
    classes.push_back(DepthsByClass(*named.depths, layers));
    positions.push_back(DepthsByPosition(*named.depths, layers));
    summary += fmt::format(
        "{} lens: first at layer {} on average, stays from {}; never {} of "
        "{}\n",
        named.name, MeanText(all.mean_first_hit),
        MeanText(all.mean_stable_from), all.never_stable, all.tokens);
  }
  while (names.ends_with(' ')) names.pop_back();
  std::string out = names + '\n' + heads + '\n';
  for (std::size_t layer = 0; layer < layers; ++layer) {
    out += fmt::format("{:>5}", layer);
    for (std::size_t c = 0; c < columns.size(); c += 2) {
      out += fmt::format("  {:>7.1f}% {:>7.1f}%", 100 * columns[c][layer],
                         100 * columns[c + 1][layer]);
    }
    out += '\n';
  }
  AppendGroups("class", classes, out);
  AppendGroups("position", positions, out);
  out += fmt::format(
      "\n{}Of {}: share of tokens that a row predicts first at or above this "
      "layer in the\ntable, and that stay so; below, mean layers\n",
      summary, Sought(report));
  return out;
}

Result<Page> MakeDepthFigure(const DepthReport& report,
                             const std::optional<FigureSize>& size) {
  const std::size_t layers = report.model.n_layers;
  std::vector<LineSeries> series;
  std::size_t color = 0;
  for (const Named& named : LensesOf(report)) {
    const DepthHistogram all = HistogramOf(*named.depths, layers);
    const auto add = [&](const char* what, bool dashed,
                         const std::vector<std::size_t>& by_layer) {
      LineSeries& line = series.emplace_back();
      line.name = fmt::format("{} lens, {}", named.name, what);
      line.color = color;
      line.dashed = dashed;
      const std::vector<double> shares = Cumulative(by_layer, all.tokens);
      for (std::size_t i = 0; i < shares.size(); ++i) {
        line.points.push_back({static_cast<double>(i), shares[i]});
      }
    };
    add("stays", false, all.stable_from);
    add("first", true, all.first_hit);
    ++color;
  }
  LineChart parts{
      .title = fmt::format("Prediction depth: {}",
                           DisplayText(report.model.ref, Spaces::kAsTheyAre)),
      .prompt =
          fmt::format("{}, {} positions", Sought(report), report.logit.size()),
      .keys = {},
      .notes = {},
      .chart = {.x = Axis::Layers(0, static_cast<int>(layers) - 1, 8),
                .y = Axis::Linear(0, 1, 5, Axis::Labels::kPercent),
                .x_title = "layer",
                .y_title = "share of tokens settled"}};
  return DrawSeries(std::move(parts), series, size);
}

}  // namespace pellucid::render
