// What a rendering of a logit's parts reads, and the renderings. Holds
// references: made for one call.
#ifndef PELLUCID_RENDER_ATTRIBUTION_REPORT_H_
#define PELLUCID_RENDER_ATTRIBUTION_REPORT_H_

#include <cstddef>
#include <string>

#include "pellucid/attribution.h"
#include "pellucid/model.h"  // ModelInfo
#include "render/heatmap.h"
#include "render/json_writer.h"
#include "render/run_info.h"
#include "render/token_texts.h"

namespace pellucid::render {

struct AttributionReport {
  const Attribution& attribution;
  std::size_t top = 10;  // terms that a table lists
  const ModelInfo& model;
  const RunInfo& run;
  const TokenTexts& texts;
};

// {"schema": "pellucid.attr/1", ...} as docs/attribution.md describes it.
void WriteAttributionJson(const AttributionReport& report,
                          const TextSink& sink);

// component,layer,head,expert,neuron,value: one line a term.
std::string AttributionCsv(const AttributionReport& report);

// The matrix of AttributionHeatmap (of neurons none), the greatest terms, and
// the sum.
std::string AttributionTable(const AttributionReport& report, std::size_t width,
                             ColorMode color);

// By block: blocks x {attn, mlp}. By head: blocks that are taken apart x heads.
// By neuron: the listed neurons, the greatest first.
Heatmap AttributionHeatmap(const AttributionReport& report);

// "L29 H3", "L29 attn", "embed": a term for people.
std::string TermLabel(const AttributionTerm& term);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_ATTRIBUTION_REPORT_H_
