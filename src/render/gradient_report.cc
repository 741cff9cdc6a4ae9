#include "render/gradient_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "render/csv.h"
#include "render/display_text.h"
#include "render/report_json.h"

namespace pellucid::render {
namespace {

constexpr double kBlank = std::numeric_limits<double>::quiet_NaN();

void WriteNumber(JsonWriter& json, std::string_view key,
                 const std::optional<double>& value) {
  json.Key(key);
  json.Float(value.value_or(kBlank));
}

void WriteGridFrame(JsonWriter& json, std::string_view site, PatchAxes axes,
                    const std::vector<std::size_t>& rows,
                    const std::vector<std::size_t>& columns) {
  WriteText(json, "site", site);
  WriteIndices(json, "rows", rows);
  WriteIndices(json, "columns", columns);
  WriteText(json, "column_kind", ColumnKind(axes));
}

// "rank correlation with patching 0.93 over 480 cells, which ..."
std::string AgreementText(const EstimateAgreement& agreement) {
  const auto number = [](const std::optional<double>& value) {
    return value ? fmt::format("{:.3f}", *value) : std::string("undefined");
  };
  return fmt::format(
      "rank correlation with patching itself: {} over {} cells that change "
      "anything; share of squared effects explained: {}",
      number(agreement.rank_correlation), agreement.effects.size(),
      number(agreement.explained));
}

std::string Joined(const std::vector<TokenId>& ids, const TokenTexts& texts) {
  std::string text;
  for (const TokenId id : ids) text += TextOrId(texts, id);
  return text;
}

std::string_view BaselineName(const ActivationOptions& options) {
  if (!options.baseline.empty()) return "prompt";
  const bool zero = options.baseline_kind
                        ? *options.baseline_kind == ActivationBaseline::kZero
                        : options.method == GradientMethod::kTimesActivation;
  return zero ? "zero" : "mean";
}

std::string RowLabel(const ActivationGrid& grid, std::size_t row) {
  return grid.site == "embed" ? "embed" : fmt::format("{}", row);
}

}  // namespace

void WriteEstimateJson(const EstimateReport& report, const TextSink& sink) {
  const PatchReport& patch = report.patch;
  const PatchGrid& grid = patch.grid;
  JsonWriter json(sink, JsonStyle::kIndented);
  json.BeginObject(JsonWrap::kLines);
  WriteText(json, "schema", "pellucid.attr/1");
  WriteOrigin(json, patch.model, patch.run);
  WriteText(json, "method", "atp");
  WriteText(json, "metric", PatchMetricName(grid.metric));
  WriteText(json, "direction", PatchDirectionName(patch.options.direction));
  WriteText(json, "align", PatchAlignName(patch.options.align));
  json.Key("clean");
  json.Float(grid.clean);
  json.Key("corrupt");
  json.Float(grid.corrupt);
  WriteTokens(json, "answer", patch.pair.answer, patch.texts);
  WriteTokens(json, "foil", patch.pair.foil, patch.texts);
  WriteGridFrame(json, grid.site, grid.axes, grid.rows, grid.columns);
  WriteMatrix(json, "values", grid.values, [](double v) { return v; });
  WriteMatrix(
      json, "recovery", grid.recovery,
      [](const std::optional<double>& v) { return v.value_or(kBlank); });
  WriteTokens(json, "tokens", grid.ids, patch.texts);
  if (report.truth != nullptr) {
    json.Key("compare");
    json.BeginObject(JsonWrap::kLines);
    json.Key("cells");
    json.Integer(report.agreement->effects.size());
    WriteNumber(json, "rank_correlation", report.agreement->rank_correlation);
    WriteNumber(json, "explained", report.agreement->explained);
    WriteMatrix(json, "values", report.truth->values,
                [](double v) { return v; });
    json.EndObject();
  }
  json.EndObject();
  json.Finish();
}

std::string EstimateCsv(const EstimateReport& report) {
  const std::string plain = PatchCsv(report.patch);
  if (report.truth == nullptr) return plain;
  std::string out;
  std::size_t line = 0, begin = 0;
  const std::size_t columns = report.truth->columns.size();
  while (begin < plain.size()) {
    const std::size_t end = plain.find('\n', begin);
    out += plain.substr(begin, end - begin);
    out += line == 0
               ? ",patched"
               : "," + CsvNumber(report.truth->values[(line - 1) / columns]
                                                     [(line - 1) % columns]);
    out += '\n';
    begin = end + 1;
    ++line;
  }
  return out;
}

Heatmap EstimateHeatmap(const EstimateReport& report, PatchShown shown) {
  Heatmap map = PatchHeatmap(report.patch, shown);
  map.title = "Attribution patching, " + map.title;
  map.notes.emplace_back(
      "first-order estimates: the metric of the changed run plus (other - "
      "changed) times the gradient there");
  if (report.agreement != nullptr) {
    map.notes.push_back(AgreementText(*report.agreement));
  }
  return map;
}

ScatterPlot EstimateScatter(const EstimateReport& report) {
  const EstimateAgreement& agreement = *report.agreement;
  const PatchGrid& grid = report.patch.grid;
  ScatterPlot plot;
  plot.title =
      fmt::format("Attribution patching of {} beside patching", grid.site);
  plot.prompt = QuotedText(Joined(grid.ids, report.patch.texts));
  plot.x_title =
      fmt::format("effect of patching, {}", PatchMetricName(grid.metric));
  plot.y_title = "first-order estimate";
  for (std::size_t i = 0; i < agreement.effects.size(); ++i) {
    plot.points.emplace_back(agreement.effects[i], agreement.estimates[i]);
  }
  plot.notes = {AgreementText(agreement)};
  return plot;
}

void WriteActivationJson(const ActivationReport& report, const TextSink& sink) {
  const ActivationGrid& grid = report.grid;
  JsonWriter json(sink, JsonStyle::kIndented);
  json.BeginObject(JsonWrap::kLines);
  WriteText(json, "schema", "pellucid.attr/1");
  WriteOrigin(json, report.model, report.run);
  WriteText(json, "method", GradientMethodName(grid.method));
  WriteText(json, "metric", PatchMetricName(grid.metric));
  const bool integrated = grid.method == GradientMethod::kIntegrated;
  if (integrated) {
    json.Key("steps");
    json.Integer(report.options.steps);
  }
  WriteText(json, "baseline_kind", BaselineName(report.options));
  json.Key("value");
  json.Float(grid.value);
  if (integrated) {
    WriteArray(json, "baseline", grid.baseline,
               [&](double v) { json.Float(v); });
  }
  WriteArray(json, "total", grid.total, [&](double v) { json.Float(v); });
  WriteTokens(json, "answer", report.options.answer, report.texts);
  WriteTokens(json, "foil", report.options.foil, report.texts);
  WriteGridFrame(json, grid.site, grid.axes, grid.rows, grid.columns);
  WriteMatrix(json, "values", grid.values, [](double v) { return v; });
  WriteTokens(json, "tokens", grid.ids, report.texts);
  json.EndObject();
  json.Finish();
}

std::string ActivationCsv(const ActivationReport& report) {
  const ActivationGrid& grid = report.grid;
  std::string out = "site,row,column,token_id,token,value\n";
  for (std::size_t r = 0; r < grid.rows.size(); ++r) {
    for (std::size_t c = 0; c < grid.columns.size(); ++c) {
      std::string token = ",";
      if (grid.axes == PatchAxes::kLayerPosition) {
        const TokenId id = grid.ids[grid.columns[c]];
        token = fmt::format("{},{}", id,
                            CsvField(TextOf(report.texts, id).value_or("")));
      }
      out += fmt::format("{},{},{},{},{}\n", grid.site, grid.rows[r],
                         grid.columns[c], token, CsvNumber(grid.values[r][c]));
    }
  }
  return out;
}

Heatmap ActivationHeatmap(const ActivationReport& report) {
  const ActivationGrid& grid = report.grid;
  const bool integrated = grid.method == GradientMethod::kIntegrated;
  Heatmap map;
  map.title =
      fmt::format("{} of {} for {}",
                  integrated ? "Integrated gradients" : "Gradient x activation",
                  grid.site, PatchMetricName(grid.metric));
  map.prompt = QuotedText(Joined(grid.ids, report.texts));
  map.row_title = "layer";
  map.column_title = std::string(ColumnKind(grid.axes));
  map.value_title = fmt::format("part of {}", PatchMetricName(grid.metric));
  map.is_signed = true;
  for (const std::size_t row : grid.rows) {
    map.rows.push_back(RowLabel(grid, row));
  }
  for (const std::size_t column : grid.columns) {
    map.columns.push_back(
        grid.axes == PatchAxes::kLayerPosition
            ? DisplayText(TextOrId(report.texts, grid.ids[column]))
            : fmt::format("{}", column));
  }
  map.values = grid.values;
  std::string asked =
      fmt::format("{} of the run: {}", PatchMetricName(grid.metric),
                  ShortNumber(grid.value));
  if (integrated) {
    double worst = 0;
    for (std::size_t r = 0; r < grid.rows.size(); ++r) {
      worst = std::max(
          worst, std::fabs(grid.total[r] - (grid.value - grid.baseline[r])));
    }
    asked += fmt::format(
        "; each row sums to that less {} of its baseline ({}), {:.1e} apart at "
        "most with {} steps",
        PatchMetricName(grid.metric), BaselineName(report.options), worst,
        report.options.steps);
  }
  map.notes.push_back(asked);
  return map;
}

}  // namespace pellucid::render
