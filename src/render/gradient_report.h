// What renderings of attribution by gradients read, and the renderings. Hold
// references: made for one call.
#ifndef PELLUCID_RENDER_GRADIENT_REPORT_H_
#define PELLUCID_RENDER_GRADIENT_REPORT_H_

#include <string>

#include "pellucid/gradient_attribution.h"
#include "pellucid/model.h"  // ModelInfo
#include "pellucid/patch.h"
#include "render/heatmap.h"
#include "render/json_writer.h"
#include "render/patch_report.h"
#include "render/run_info.h"
#include "render/scatter_figure.h"
#include "render/token_texts.h"

namespace pellucid::render {

// A patch, estimated, and where it was asked for, the patch itself beside it.
struct EstimateReport {
  PatchReport patch;                             // of the estimate
  const PatchGrid* truth = nullptr;              // or null
  const EstimateAgreement* agreement = nullptr;  // as `truth`
};

// {"schema": "pellucid.attr/1", "method": "atp", ...} as docs/attribution.md
// describes it.
void WriteEstimateJson(const EstimateReport& report, const TextSink& sink);
// site,row,column,token_id,token,value,recovery, and patched with a truth.
std::string EstimateCsv(const EstimateReport& report);
Heatmap EstimateHeatmap(const EstimateReport& report, PatchShown shown);
// Estimates by effects. There is a truth.
ScatterPlot EstimateScatter(const EstimateReport& report);

// One run, taken apart.
struct ActivationReport {
  const ActivationGrid& grid;
  const ActivationOptions& options;
  const ModelInfo& model;
  const RunInfo& run;
  const TokenTexts& texts;
};

// The same schema, with method "grad" or "ig".
void WriteActivationJson(const ActivationReport& report, const TextSink& sink);
// site,row,column,token_id,token,value: one line a cell.
std::string ActivationCsv(const ActivationReport& report);
Heatmap ActivationHeatmap(const ActivationReport& report);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_GRADIENT_REPORT_H_
