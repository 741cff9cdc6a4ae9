// What a rendering of activation patching reads. Holds references: made for one
// call.
#ifndef PELLUCID_RENDER_PATCH_REPORT_H_
#define PELLUCID_RENDER_PATCH_REPORT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "pellucid/model.h"  // ModelInfo
#include "pellucid/patch.h"
#include "render/heatmap.h"
#include "render/json_writer.h"
#include "render/run_info.h"
#include "render/token_texts.h"

namespace pellucid::render {

struct PatchReport {
  const PatchPair& pair;
  const PatchOptions& options;
  const PatchGrid& grid;
  const ModelInfo& model;
  const RunInfo& run;
  const TokenTexts& texts;
};

// {"schema": "pellucid.patch/1", ...} as docs/patching.md describes it. `line`:
// of the file that the pair comes from; `key`: what decides whether a result
// can be used again.
struct PatchLine {
  std::size_t line = 0;
  std::string key;
};
void WritePatchJson(const PatchReport& report,
                    const std::optional<PatchLine>& line, JsonStyle style,
                    const TextSink& sink);
// The same object as the next value of `json`.
void WritePatch(const PatchReport& report, const std::optional<PatchLine>& line,
                JsonWriter& json);

// {"schema": "pellucid.patch_set/1", ...}.
void WritePatchSummaryJson(const PatchSummary& summary,
                           const PatchOptions& options, const ModelInfo& model,
                           const RunInfo& run, const TextSink& sink);
void WritePatchSummary(const PatchSummary& summary, const PatchOptions& options,
                       const ModelInfo& model, const RunInfo& run,
                       JsonWriter& json);

// site,row,column,token_id,token,value,recovery: one line a cell.
std::string PatchCsv(const PatchReport& report);

// Of the metric's values, or of the recovery. Layers down, the last at the
// bottom.
enum class PatchShown { kValues, kRecovery };
Heatmap PatchHeatmap(const PatchReport& report, PatchShown shown);
Heatmap PatchSummaryHeatmap(const PatchSummary& summary,
                            const PatchOptions& options, PatchShown shown);

// "position", "head" or "layer": what columns are.
std::string_view ColumnKind(PatchAxes axes);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_PATCH_REPORT_H_
