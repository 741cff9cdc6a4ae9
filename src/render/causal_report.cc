#include "render/causal_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "render/csv.h"
#include "render/display_text.h"
#include "render/report_json.h"

namespace pellucid::render {
namespace {

std::string KindTitle(const std::string& kind) {
  if (kind == "mlp") return "MLP outputs";
  if (kind == "attn") return "attention outputs";
  return "residual states";
}

bool IsSubject(const CausalReport& report, std::size_t position) {
  return std::ranges::binary_search(report.options.subject, position);
}

}  // namespace

void WriteCausalJson(const CausalReport& report, const TextSink& sink) {
  JsonWriter json(sink, JsonStyle::kIndented);
  WriteCausal(report, json);
  json.Finish();
}

void WriteCausal(const CausalReport& report, JsonWriter& json) {
  const CausalTrace& trace = report.trace;
  const CausalTraceOptions& options = report.options;
  json.BeginObject(JsonWrap::kLines);
  WriteText(json, "schema", "pellucid.causal_trace/1");
  WriteOrigin(json, report.model, report.run);
  json.Key("input");
  json.BeginObject();
  json.Key("text");
  json.StringOrNull(report.run.input_text);
  WriteTokens(json, "tokens", report.ids, report.texts);
  json.EndObject();
  WriteIndices(json, "subject", options.subject);
  json.Key("answer");
  WriteToken(json, trace.answer, report.texts);
  WriteText(json, "kind", options.kind);
  json.Key("window");
  json.Integer(trace.window);
  json.Key("noise");
  json.BeginObject();
  json.Key("std");
  if (trace.noise_std > 0) {
    json.Float(trace.noise_std);
  } else {
    json.Null();
  }
  json.Key("samples");
  json.Integer(trace.summary.pairs);
  json.Key("seed");
  json.Integer(options.seed);
  json.EndObject();
  json.Key("clean");
  json.Float(trace.clean);
  WriteInterval(json, "corrupt", trace.summary.corrupt);
  WriteIndices(json, "rows", trace.summary.rows);
  WriteIndices(json, "columns", trace.summary.columns);
  WriteIntervals(json, "values", trace.summary.values);
  json.EndObject();
}

std::string CausalCsv(const CausalReport& report) {
  const PatchSummary& summary = report.trace.summary;
  std::string out = "kind,layer,position,token_id,token,value,low,high\n";
  for (std::size_t r = 0; r < summary.rows.size(); ++r) {
    for (std::size_t c = 0; c < summary.columns.size(); ++c) {
      const PatchInterval& cell = summary.values[r][c];
      const TokenId id = report.ids[summary.columns[c]];
      out += fmt::format("{},{},{},{},{},{},{},{}\n", report.options.kind,
                         summary.rows[r], summary.columns[c], id,
                         CsvField(TextOf(report.texts, id).value_or("")),
                         CsvNumber(cell.mean), CsvNumber(cell.low),
                         CsvNumber(cell.high));
    }
  }
  return out;
}

Heatmap CausalHeatmap(const CausalReport& report) {
  const CausalTrace& trace = report.trace;
  const PatchSummary& summary = trace.summary;
  const std::string answer = QuotedText(TextOrId(report.texts, trace.answer));
  Heatmap map;
  map.title = fmt::format("Probability of {} with {} restored", answer,
                          KindTitle(report.options.kind));
  std::string prompt;
  for (const TokenId id : report.ids) prompt += TextOrId(report.texts, id);
  map.prompt = QuotedText(prompt);
  map.column_title =
      trace.window == 1
          ? std::string("layer")
          : fmt::format("layer in the middle of {}", trace.window);
  map.value_title = fmt::format("probability of {}", answer);
  for (const std::size_t layer : summary.rows) {
    map.columns.push_back(fmt::format("{}", layer));
  }
  for (std::size_t c = 0; c < summary.columns.size(); ++c) {
    const std::size_t position = summary.columns[c];
    map.rows.push_back(
        DisplayText(TextOrId(report.texts, report.ids[position])) +
        (IsSubject(report, position) ? "*" : ""));
    std::vector<double>& row = map.values.emplace_back();
    for (std::size_t r = 0; r < summary.rows.size(); ++r) {
      row.push_back(summary.values[r][c].mean);
    }
  }
  map.marks = {{"corrupt", summary.corrupt.mean}};
  map.notes.push_back(fmt::format(
      "Answer {}: clean {}, corrupt {} [{}, {}] (95% bootstrap interval over "
      "{} "
      "samples of noise); * tokens of the subject",
      answer, ShortNumber(trace.clean), ShortNumber(summary.corrupt.mean),
      ShortNumber(summary.corrupt.low), ShortNumber(summary.corrupt.high),
      summary.pairs));
  return map;
}

}  // namespace pellucid::render
