// What a rendering of causal tracing reads. Holds references: made for one
// call.
#ifndef PELLUCID_RENDER_CAUSAL_REPORT_H_
#define PELLUCID_RENDER_CAUSAL_REPORT_H_

#include <string>
#include <vector>

#include "pellucid/causal_trace.h"
#include "pellucid/model.h"  // ModelInfo
#include "render/heatmap.h"
#include "render/json_writer.h"
#include "render/run_info.h"
#include "render/token_texts.h"

namespace pellucid::render {

struct CausalReport {
  const std::vector<TokenId>& ids;
  const CausalTraceOptions& options;
  const CausalTrace& trace;
  const ModelInfo& model;
  const RunInfo& run;
  const TokenTexts& texts;
};

// {"schema": "pellucid.causal_trace/1", ...} as docs/causal-tracing.md
// describes it.
void WriteCausalJson(const CausalReport& report, const TextSink& sink);
// The same object as the next value of `json`.
void WriteCausal(const CausalReport& report, JsonWriter& json);

// kind,layer,position,token_id,token,value,low,high: one line a cell.
std::string CausalCsv(const CausalReport& report);

// As in the paper: tokens down, those of the subject marked by a star, layers
// across, and the corrupted baseline in the colour bar.
Heatmap CausalHeatmap(const CausalReport& report);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_CAUSAL_REPORT_H_
