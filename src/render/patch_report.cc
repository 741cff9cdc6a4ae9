#include "render/patch_report.h"

#include <fmt/format.h>

#include <limits>

#include "render/csv.h"
#include "render/display_text.h"
#include "render/report_json.h"

namespace pellucid::render {
namespace {

constexpr double kBlank = std::numeric_limits<double>::quiet_NaN();

void WriteSettings(JsonWriter& json, const PatchOptions& options,
                   const ModelInfo& model, const RunInfo& run) {
  WriteOrigin(json, model, run);
  WriteText(json, "metric", PatchMetricName(options.metric));
  WriteText(json, "site", options.site);
  WriteText(json, "direction", PatchDirectionName(options.direction));
  WriteText(json, "align", PatchAlignName(options.align));
  json.Key("window");
  json.Integer(options.window);
  if (!options.to.empty()) WriteText(json, "to", options.to);
}

double OrBlank(const std::optional<double>& value) {
  return value.value_or(kBlank);
}

std::string ValueTitle(PatchMetric metric, PatchShown shown) {
  if (shown == PatchShown::kRecovery) return "recovery";
  switch (metric) {
    case PatchMetric::kLogitDiff:
      return "logit difference";
    case PatchMetric::kLogProb:
      return "log-probability, nats";
    case PatchMetric::kProb:
      return "probability";
    case PatchMetric::kKl:
      return "KL from the clean run, nats";
    case PatchMetric::kRank:
      return "rank, 1 = highest";
  }
  return "";
}

// What both heatmaps share; columns and values are to be filled in.
Heatmap Frame(const PatchOptions& options, PatchShown shown,
              const std::vector<std::size_t>& rows) {
  Heatmap map;
  const bool denoise = options.direction == PatchDirection::kDenoise;
  map.title =
      fmt::format("{}: {} patched from the {} into the {} run",
                  ValueTitle(options.metric, shown), options.site,
                  denoise ? "clean" : "corrupt", denoise ? "corrupt" : "clean");
  if (!options.to.empty()) map.title += ", straight to " + options.to;
  map.row_title = "layer";
  map.column_title = std::string(ColumnKind(options.axes));
  map.value_title = ValueTitle(options.metric, shown);
  for (const std::size_t row : rows) map.rows.push_back(fmt::format("{}", row));
  return map;
}

void AddMarks(Heatmap& map, PatchShown shown, double clean, double corrupt) {
  if (shown == PatchShown::kRecovery) {
    clean = 1;
    corrupt = 0;
  }
  map.marks = {{"clean", clean}, {"corrupt", corrupt}};
}

std::string Joined(const std::vector<TokenId>& ids, const TokenTexts& texts) {
  std::string text;
  for (const TokenId id : ids) text += TextOrId(texts, id);
  return text;
}

}  // namespace

std::string_view ColumnKind(PatchAxes axes) {
  switch (axes) {
    case PatchAxes::kLayerPosition:
      return "position";
    case PatchAxes::kLayerHead:
      return "head";
    case PatchAxes::kLayer:
      return "layer";
  }
  return "";
}

void WritePatchJson(const PatchReport& report,
                    const std::optional<PatchLine>& line, JsonStyle style,
                    const TextSink& sink) {
  JsonWriter json(sink, style);
  WritePatch(report, line, json);
  json.Finish();
}

void WritePatch(const PatchReport& report, const std::optional<PatchLine>& line,
                JsonWriter& json) {
  const PatchGrid& grid = report.grid;
  json.BeginObject(JsonWrap::kLines);
  WriteText(json, "schema", "pellucid.patch/1");
  if (line) {
    json.Key("line");
    json.Integer(line->line);
    WriteText(json, "key", line->key);
  }
  WriteSettings(json, report.options, report.model, report.run);
  json.Key("clean");
  json.Float(grid.clean);
  json.Key("corrupt");
  json.Float(grid.corrupt);
  WriteTokens(json, "answer", report.pair.answer, report.texts);
  WriteTokens(json, "foil", report.pair.foil, report.texts);
  WriteIndices(json, "rows", grid.rows);
  WriteIndices(json, "columns", grid.columns);
  WriteText(json, "column_kind", ColumnKind(grid.axes));
  WriteMatrix(json, "values", grid.values, [](double v) { return v; });
  WriteMatrix(json, "recovery", grid.recovery, OrBlank);
  WriteTokens(json, "tokens", grid.ids, report.texts);
  json.Key("share_of_full_runs");
  json.Float(grid.share_of_full_runs);
  json.EndObject();
}

void WritePatchSummaryJson(const PatchSummary& summary,
                           const PatchOptions& options, const ModelInfo& model,
                           const RunInfo& run, const TextSink& sink) {
  JsonWriter json(sink, JsonStyle::kIndented);
  WritePatchSummary(summary, options, model, run, json);
  json.Finish();
}

void WritePatchSummary(const PatchSummary& summary, const PatchOptions& options,
                       const ModelInfo& model, const RunInfo& run,
                       JsonWriter& json) {
  json.BeginObject(JsonWrap::kLines);
  WriteText(json, "schema", "pellucid.patch_set/1");
  WriteSettings(json, options, model, run);
  json.Key("pairs");
  json.Integer(summary.pairs);
  WriteInterval(json, "clean", summary.clean);
  WriteInterval(json, "corrupt", summary.corrupt);
  WriteIndices(json, "rows", summary.rows);
  WriteIndices(json, "columns", summary.columns);
  WriteText(json, "column_kind", ColumnKind(options.axes));
  WriteIntervals(json, "values", summary.values);
  WriteIntervals(json, "recovery", summary.recovery);
  json.EndObject();
}

std::string PatchCsv(const PatchReport& report) {
  const PatchGrid& grid = report.grid;
  std::string out = "site,row,column,token_id,token,value,recovery\n";
  const bool positions = grid.axes == PatchAxes::kLayerPosition;
  for (std::size_t r = 0; r < grid.rows.size(); ++r) {
    for (std::size_t c = 0; c < grid.columns.size(); ++c) {
      std::string token = ",";
      if (positions) {
        const TokenId id = grid.ids[grid.columns[c]];
        token = fmt::format("{},{}", id,
                            CsvField(TextOf(report.texts, id).value_or("")));
      }
      out += fmt::format("{},{},{},{},{},{}\n", grid.site, grid.rows[r],
                         grid.columns[c], token, CsvNumber(grid.values[r][c]),
                         CsvNumber(OrBlank(grid.recovery[r][c])));
    }
  }
  return out;
}

Heatmap PatchHeatmap(const PatchReport& report, PatchShown shown) {
  const PatchGrid& grid = report.grid;
  Heatmap map = Frame(report.options, shown, grid.rows);
  map.prompt = QuotedText(Joined(grid.ids, report.texts));
  for (const std::size_t column : grid.columns) {
    map.columns.push_back(
        grid.axes == PatchAxes::kLayerPosition
            ? DisplayText(TextOrId(report.texts, grid.ids[column]))
            : fmt::format("{}", column));
  }
  for (std::size_t r = 0; r < grid.rows.size(); ++r) {
    std::vector<double>& row = map.values.emplace_back();
    for (std::size_t c = 0; c < grid.columns.size(); ++c) {
      row.push_back(shown == PatchShown::kRecovery
                        ? OrBlank(grid.recovery[r][c])
                        : grid.values[r][c]);
    }
  }
  AddMarks(map, shown, grid.clean, grid.corrupt);
  std::string asked;
  if (!report.pair.answer.empty()) {
    asked = fmt::format(", answer {}",
                        QuotedText(Joined(report.pair.answer, report.texts)));
  }
  if (!report.pair.foil.empty()) {
    asked += fmt::format(", foil {}",
                         QuotedText(Joined(report.pair.foil, report.texts)));
  }
  map.notes.push_back(
      fmt::format("{}: clean {}, corrupt {}{}", PatchMetricName(grid.metric),
                  ShortNumber(grid.clean), ShortNumber(grid.corrupt), asked));
  return map;
}

Heatmap PatchSummaryHeatmap(const PatchSummary& summary,
                            const PatchOptions& options, PatchShown shown) {
  Heatmap map = Frame(options, shown, summary.rows);
  map.prompt = fmt::format("mean of {} pairs", summary.pairs);
  for (const std::size_t column : summary.columns) {
    map.columns.push_back(fmt::format("{}", column));
  }
  for (std::size_t r = 0; r < summary.rows.size(); ++r) {
    std::vector<double>& row = map.values.emplace_back();
    for (std::size_t c = 0; c < summary.columns.size(); ++c) {
      const auto& recovered = summary.recovery[r][c];
      row.push_back(shown == PatchShown::kValues ? summary.values[r][c].mean
                    : recovered                  ? recovered->mean
                                                 : kBlank);
    }
  }
  AddMarks(map, shown, summary.clean.mean, summary.corrupt.mean);
  map.notes.push_back(fmt::format(
      "{}: clean {} [{}, {}], corrupt {} [{}, {}] (95% bootstrap intervals)",
      PatchMetricName(options.metric), ShortNumber(summary.clean.mean),
      ShortNumber(summary.clean.low), ShortNumber(summary.clean.high),
      ShortNumber(summary.corrupt.mean), ShortNumber(summary.corrupt.low),
      ShortNumber(summary.corrupt.high)));
  return map;
}

}  // namespace pellucid::render
