#include "render/attribution_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>
#include <vector>

#include "render/display_text.h"
#include "render/report_json.h"
#include "render/wrap_text.h"

namespace pellucid::render {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

std::string_view ByName(AttributionBy by) {
  switch (by) {
    case AttributionBy::kBlock:
      return "block";
    case AttributionBy::kHead:
      return "head";
    case AttributionBy::kNeuron:
      return "neuron";
  }
  return "";
}

// 'logit of " Paris"', 'logit of " Paris" less that of " Rome"'.
std::string WhatOf(const AttributionReport& report,
                   std::string_view logit = "logit") {
  const auto quoted = [&](TokenId id) {
    return QuotedText(TextOrId(report.texts, id));
  };
  const Attribution& found = report.attribution;
  std::string out = fmt::format("{} of {}", logit, quoted(found.answer.id));
  if (found.foil) out += " less that of " + quoted(found.foil->id);
  return out;
}

bool HasCap(const Attribution& found) {
  return found.answer.logit != found.answer.before_cap;
}

// The sum rule of this run, as a sentence.
std::string SumText(const AttributionReport& report) {
  const Attribution& found = report.attribution;
  return fmt::format(
      "{} terms sum to {:.6f}; the {}{} is {:.6f}: {:.1e} apart, {:.1e} "
      "allowed",
      found.terms.size(), found.sum, WhatOf(report),
      HasCap(found) ? " before the cap" : "", found.value,
      std::fabs(found.residue), found.bound);
}

std::string PlaceText(const AttributionReport& report) {
  const Attribution& found = report.attribution;
  return fmt::format(
      "position {}, after {}", found.position,
      QuotedText(TextOrId(report.texts, found.ids[found.position])));
}

// The terms, the greatest either way first.
std::vector<AttributionTerm> Ranked(const Attribution& found) {
  std::vector<AttributionTerm> out = found.terms;
  std::ranges::stable_sort(out, [](const auto& a, const auto& b) {
    return std::fabs(a.value) > std::fabs(b.value);
  });
  return out;
}

void WriteLogit(JsonWriter& json, std::string_view key,
                const AttributedLogit& logit, const TokenTexts& texts) {
  json.Key(key);
  json.BeginObject();
  json.Key("id");
  json.Integer(logit.id);
  json.Key("text");
  json.StringOrNull(TextOf(texts, logit.id));
  json.Key("logit");
  json.Float(static_cast<double>(logit.logit));
  json.Key("logit_precap");
  json.Float(static_cast<double>(logit.before_cap));
  json.EndObject();
}

void WriteTerm(JsonWriter& json, const AttributionTerm& term) {
  json.BeginObject();
  WriteText(json, "component", TermKindName(term.kind));
  json.Key("layer");
  json.Integer(term.layer);
  const auto index = [&](std::string_view key,
                         const std::optional<std::size_t>& value) {
    if (!value) return;
    json.Key(key);
    json.Integer(*value);
  };
  index("head", term.head);
  index("expert", term.expert);
  index("neuron", term.neuron);
  json.Key("value");
  json.Float(term.value);
  json.EndObject();
}

// Blocks down; a column a kind or a head, in the order of the first block that
// has it.
Heatmap BlockHeatmap(const Attribution& found) {
  std::map<int, std::map<std::string, double>> rows;
  std::vector<std::string> columns;
  const bool by_head = found.by == AttributionBy::kHead;
  for (const AttributionTerm& term : found.terms) {
    const bool shown = by_head ? term.kind == TermKind::kHead ||
                                     term.kind == TermKind::kAttentionBias
                               : term.kind == TermKind::kAttention ||
                                     term.kind == TermKind::kMlp;
    if (!shown) continue;
    const std::string column = term.head ? std::to_string(*term.head)
                               : by_head ? std::string("bias")
                                         : std::string(TermKindName(term.kind));
    rows[term.layer][column] = term.value;
    if (std::ranges::find(columns, column) == columns.end()) {
      columns.push_back(column);
    }
  }
  Heatmap map;
  map.row_title = "layer";
  if (by_head) map.column_title = "head";
  map.columns = columns;
  for (const auto& [layer, values] : rows) {
    map.rows.push_back(std::to_string(layer));
    std::vector<double>& row = map.values.emplace_back();
    for (const std::string& column : columns) {
      const auto at = values.find(column);
      row.push_back(at == values.end() ? kNothing : at->second);
    }
  }
  return map;
}

Heatmap NeuronHeatmap(const AttributionReport& report) {
  Heatmap map;
  map.columns = {"logits"};
  for (const AttributionTerm& term : Ranked(report.attribution)) {
    if (term.kind != TermKind::kNeuron) continue;
    map.rows.push_back(TermLabel(term));
    map.values.push_back({term.value});
  }
  return map;
}

}  // namespace

std::string TermLabel(const AttributionTerm& term) {
  std::string name(TermKindName(term.kind));
  std::ranges::replace(name, '_', ' ');
  if (term.head) name = fmt::format("H{}", *term.head);
  if (term.neuron) name = fmt::format("N{}", *term.neuron);
  if (term.expert) name = fmt::format("E{} {}", *term.expert, name);
  return term.layer < 0 ? name : fmt::format("L{} {}", term.layer, name);
}

void WriteAttributionJson(const AttributionReport& report,
                          const TextSink& sink) {
  const Attribution& found = report.attribution;
  JsonWriter json(sink, JsonStyle::kIndented);
  json.BeginObject(JsonWrap::kLines);
  WriteText(json, "schema", "pellucid.attr/1");
  WriteOrigin(json, report.model, report.run);
  json.Key("input");
  json.BeginObject();
  json.Key("text");
  json.StringOrNull(report.run.input_text);
  WriteTokens(json, "tokens", found.ids, report.texts);
  json.EndObject();
  WriteText(json, "method", "direct");
  WriteText(json, "by", ByName(found.by));
  json.Key("position");
  json.Integer(found.position);
  WriteLogit(json, "answer", found.answer, report.texts);
  if (found.foil) WriteLogit(json, "foil", *found.foil, report.texts);
  const auto number = [&](std::string_view key, double value) {
    json.Key(key);
    json.Float(value);
  };
  number("value", found.value);
  number("sum", found.sum);
  number("residue", found.residue);
  number("bound", found.bound);
  number("norm_scale", found.norm_scale);
  WriteArray(
      json, "terms", found.terms,
      [&](const AttributionTerm& term) { WriteTerm(json, term); },
      JsonWrap::kLines);
  json.EndObject();
  json.Finish();
}

std::string AttributionCsv(const AttributionReport& report) {
  std::string out = "component,layer,head,expert,neuron,value\n";
  const auto index = [](const std::optional<std::size_t>& value) {
    return value ? std::to_string(*value) : std::string();
  };
  for (const AttributionTerm& term : report.attribution.terms) {
    out += fmt::format("{},{},{},{},{},{}\n", TermKindName(term.kind),
                       term.layer, index(term.head), index(term.expert),
                       index(term.neuron), CsvNumber(term.value));
  }
  return out;
}

Heatmap AttributionHeatmap(const AttributionReport& report) {
  const Attribution& found = report.attribution;
  Heatmap map = found.by == AttributionBy::kNeuron ? NeuronHeatmap(report)
                                                   : BlockHeatmap(found);
  map.title =
      fmt::format("{} by {}", WhatOf(report, "Logit"), ByName(found.by));
  std::string prompt;
  for (const TokenId id : found.ids) prompt += TextOrId(report.texts, id);
  map.prompt = QuotedText(prompt);
  map.value_title = "logits";
  map.is_signed = true;
  map.notes = {fmt::format("{}, direct attribution; {}",
                           DisplayText(report.model.ref, Spaces::kAsTheyAre),
                           PlaceText(report)),
               SumText(report)};
  return map;
}

std::string AttributionTable(const AttributionReport& report, std::size_t width,
                             ColorMode color) {
  const Attribution& found = report.attribution;
  Heatmap map = AttributionHeatmap(report);
  std::vector<std::string> notes;
  std::swap(notes, map.notes);
  std::string out;
  if (found.by != AttributionBy::kNeuron) {
    out = HeatmapTable(map, width, color) + "\n";
  }
  const std::vector<AttributionTerm> ranked = Ranked(found);
  const std::size_t shown = std::min(report.top, ranked.size());
  std::size_t label = 0;
  for (std::size_t i = 0; i < shown; ++i) {
    label = std::max(label, TermLabel(ranked[i]).size());
  }
  const double most = ranked.empty() ? 1 : std::fabs(ranked.front().value);
  out += fmt::format("The {} greatest terms, in logits:\n", shown);
  for (std::size_t i = 0; i < shown; ++i) {
    const double value = ranked[i].value;
    out += PadRight(TermLabel(ranked[i]), label) + "  " +
           Shaded(Colormap::kBlueRed, 0.5 + (most > 0 ? value / most / 2 : 0),
                  color) +
           PadLeft(fmt::format("{:+.3f}", value), 8);
    out += Reset(color);
    out += "\n";
  }
  out += "\n";
  for (const std::string& note : notes) {
    for (const std::string& line : WrapText(note, width)) out += line + "\n";
  }
  return out;
}

}  // namespace pellucid::render
