#include "render/evaluation_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

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
  const LensEvaluation* lens;
};

std::vector<Named> LensesOf(const EvaluationReport& report) {
  std::vector<Named> out = {{LensKindName(LensKind::kLogit), &report.logit}};
  if (report.trained != nullptr) {
    out.push_back({LensKindName(report.kind), report.trained});
  }
  return out;
}

const LensQuality* RowOf(const LensEvaluation& lens, const std::string& site) {
  for (const LensQuality& row : lens.rows) {
    if (row.site == site) return &row;
  }
  return nullptr;
}

void WriteRow(const EvaluationReport& report, const LensQuality& row,
              JsonWriter& json) {
  const auto number = [&](std::string_view key, double value) {
    json.Key(key);
    json.Float(value);
  };
  json.BeginObject();
  WriteText(json, "site", row.site);
  json.Key("layer");
  json.Integer(row.layer);
  number("ce", row.ce.value_or(kNothing));
  number("ce_bits_per_byte", row.ce ? report.BitsPerByte(*row.ce) : kNothing);
  number("entropy", row.entropy);
  number("kl_to_final", row.kl_to_final);
  number("kl_bits_per_byte", report.BitsPerByte(row.kl_to_final));
  number("bias", row.bias);
  number("top1_agree", row.top1_agree);
  json.EndObject();
}

std::string LabelOf(const LensQuality& row) {
  return row.layer < 0 ? row.site : fmt::format("{}", row.layer);
}

}  // namespace

double EvaluationReport::BitsPerByte(double nats) const {
  if (bytes == 0) return kNothing;
  return nats / std::log(2.0) * static_cast<double>(tokens) /
         static_cast<double>(bytes);
}

void WriteEvaluationJson(const EvaluationReport& report, const TextSink& sink) {
  JsonWriter json(sink, JsonStyle::kIndented);
  json.BeginObject(JsonWrap::kLines);
  WriteText(json, "schema", "pellucid.lens_evaluation/1");
  WriteOrigin(json, report.model, report.run);
  json.Key("data");
  json.BeginObject();
  json.Key("tokens");
  json.Integer(report.tokens);
  json.Key("bytes");
  json.Integer(report.bytes);
  json.Key("positions");
  json.Integer(report.logit.positions);
  json.EndObject();
  json.Key("lenses");
  json.BeginArray(JsonWrap::kLines);
  for (const Named& named : LensesOf(report)) {
    json.BeginObject(JsonWrap::kLines);
    WriteText(json, "kind", named.name);
    if (named.lens == report.trained) WriteText(json, "ref", report.ref);
    WriteArray(
        json, "rows", named.lens->rows,
        [&](const LensQuality& row) { WriteRow(report, row, json); },
        JsonWrap::kLines);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  json.Finish();
}

std::string EvaluationCsv(const EvaluationReport& report) {
  std::string out =
      "lens,site,layer,ce,ce_bits_per_byte,entropy,kl_to_final,"
      "kl_bits_per_byte,bias,top1_agree\n";
  for (const Named& named : LensesOf(report)) {
    for (const LensQuality& row : named.lens->rows) {
      out += fmt::format(
          "{},{},{},{},{},{},{},{},{},{}\n", named.name, CsvField(row.site),
          row.layer, CsvNumber(row.ce.value_or(kNothing)),
          CsvNumber(row.ce ? report.BitsPerByte(*row.ce) : kNothing),
          CsvNumber(row.entropy), CsvNumber(row.kl_to_final),
          CsvNumber(report.BitsPerByte(row.kl_to_final)), CsvNumber(row.bias),
          CsvNumber(row.top1_agree));
    }
  }
  return out;
}

std::string EvaluationTable(const EvaluationReport& report) {
  const std::vector<Named> lenses = LensesOf(report);
  std::size_t width = 5;
  for (const LensQuality& row : report.logit.rows) {
    width = std::max(width, LabelOf(row).size());
  }
  std::string names(width, ' '), heads = fmt::format("{:>{}}", "layer", width);
  for (const Named& named : lenses) {
    names += fmt::format("  {:^43}", fmt::format("{} lens", named.name));
    heads += fmt::format("  {:>8} {:>8} {:>8} {:>8} {:>7}", "KL", "CE",
                         "entropy", "bias", "top-1");
  }
  while (names.ends_with(' ')) names.pop_back();
  std::string out = names + '\n' + heads + '\n';
  for (const LensQuality& row : report.logit.rows) {
    out += fmt::format("{:>{}}", LabelOf(row), width);
    for (const Named& named : lenses) {
      const LensQuality* found = RowOf(*named.lens, row.site);
      if (found == nullptr) {
        out += fmt::format("  {:>43}", "-");
        continue;
      }
      out += fmt::format("  {:>8.3f} {:>8.3f} {:>8.3f} {:>8.3f} {:>6.1f}%",
                         found->kl_to_final, found->ce.value_or(kNothing),
                         found->entropy, found->bias, 100 * found->top1_agree);
    }
    out += '\n';
  }
  out += fmt::format(
      "\nnats, means over {} positions: KL of the final row from this one, "
      "cross-entropy\nof the next token, entropy, KL between the mean "
      "distributions; share of positions\nwhose top-1 token is the final "
      "row's\n",
      report.logit.positions);
  return out;
}

Result<Page> MakeEvaluationFigure(const EvaluationReport& report,
                                  const std::optional<FigureSize>& size) {
  std::vector<LineSeries> series;
  double low = INFINITY, high = 0;
  int first = 0, last = 0;
  for (const Named& named : LensesOf(report)) {
    LineSeries& line = series.emplace_back();
    line.name = fmt::format("{} lens", named.name);
    line.color = series.size() - 1;
    for (const LensQuality& row : named.lens->rows) {
      first = std::min(first, row.layer);
      last = std::max(last, row.layer);
      // (The last row's is 0, which a logarithm does not know.)
      if (!(row.kl_to_final > 0)) continue;
      low = std::min(low, row.kl_to_final);
      high = std::max(high, row.kl_to_final);
      line.points.push_back({static_cast<double>(row.layer), row.kl_to_final});
    }
  }
  if (!(low <= high)) low = high = 1;
  LineChart parts{
      .title = fmt::format("How far each row is from the output: {}",
                           DisplayText(report.model.ref, Spaces::kAsTheyAre)),
      .prompt = fmt::format("mean over {} positions", report.logit.positions),
      .keys = {},
      .notes = {},
      .chart = {.x = Axis::Layers(first, last, 8),
                .y = Axis::Powers(low, high),
                .x_title = "layer",
                .y_title = "KL(final row || row), nats"}};
  if (report.trained != nullptr) {
    parts.notes.push_back(
        fmt::format("{} lens: {}", LensKindName(report.kind),
                    DisplayText(std::string(report.ref), Spaces::kAsTheyAre)));
  }
  return DrawSeries(std::move(parts), series, size);
}

}  // namespace pellucid::render
