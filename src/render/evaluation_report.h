// What a rendering of measured lenses reads (pellucid/tune.h): the logit lens,
// and beside it a trained one. Holds references: made for one call.
#ifndef PELLUCID_RENDER_EVALUATION_REPORT_H_
#define PELLUCID_RENDER_EVALUATION_REPORT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "pellucid/model.h"  // ModelInfo
#include "pellucid/result.h"
#include "pellucid/tune.h"
#include "render/figure_cells.h"  // FigureSize
#include "render/json_writer.h"
#include "render/page.h"
#include "render/run_info.h"

namespace pellucid::render {

struct EvaluationReport {
  const LensEvaluation& logit;
  const LensEvaluation* trained;  // null: the logit lens alone
  LensKind kind;                  // of the trained one
  std::string_view ref;           // and where it lies
  std::size_t tokens;             // of the text, all windows
  std::size_t bytes;              // of the text; 0: not known
  const ModelInfo& model;
  const RunInfo& run;

  // What a mean in nats over positions is in bits per byte of the text.
  double BitsPerByte(double nats) const;
};

// {"schema": "pellucid.lens_evaluation/1", ...} as docs/tuned-lens.md describes
// it.
void WriteEvaluationJson(const EvaluationReport& report, const TextSink& sink);

// lens,site,layer,ce,ce_bits_per_byte,entropy,kl_to_final,kl_bits_per_byte,
// bias,top1_agree: one line a row of each lens.
std::string EvaluationCsv(const EvaluationReport& report);

// Rows of the model down; of each lens KL, cross-entropy, entropy, bias and
// agreement across.
std::string EvaluationTable(const EvaluationReport& report);

// KL(final || row) over the layers, a line a lens, on a logarithmic scale.
// Errors: DrawSeries.
Result<Page> MakeEvaluationFigure(const EvaluationReport& report,
                                  const std::optional<FigureSize>& size = {});

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_EVALUATION_REPORT_H_
