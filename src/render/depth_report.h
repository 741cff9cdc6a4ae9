// Prediction depth of many tokens (pellucid/depth.h) as table, JSON, CSV and
// figure: of the logit lens, and beside it of a trained one. Holds references:
// made for one call.
#ifndef PELLUCID_RENDER_DEPTH_REPORT_H_
#define PELLUCID_RENDER_DEPTH_REPORT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/depth.h"
#include "pellucid/model.h"  // ModelInfo
#include "pellucid/result.h"
#include "render/figure_cells.h"  // FigureSize
#include "render/json_writer.h"
#include "render/page.h"
#include "render/run_info.h"
#include "render/token_texts.h"

namespace pellucid::render {

struct DepthReport {
  const std::vector<TokenDepth>& logit;
  const std::vector<TokenDepth>* trained;  // null: the logit lens alone
  LensKind kind;                           // of the trained one
  std::string_view ref;                    // and where it lies
  DepthToken token;                        // that was looked for
  std::size_t text_tokens;                 // of all windows
  const ModelInfo& model;
  const RunInfo& run;
  const TokenTexts& texts;
};

// {"schema": "pellucid.depth/1", ...} as docs/depth.md describes it.
void WriteDepthJson(const DepthReport& report, const TextSink& sink);

// lens,window,position,id,text,class,first_hit,stable_from: one line a token
// of each lens; what is never is empty.
std::string DepthCsv(const DepthReport& report);

// By layer, which share of tokens has been predicted at or below it, and which
// stays so; below, means by class and position.
std::string DepthTable(const DepthReport& report);

// The same shares over the layers as lines: solid where tokens stay, dashed
// where they first appear. Errors: DrawSeries.
Result<Page> MakeDepthFigure(const DepthReport& report,
                             const std::optional<FigureSize>& size = {});

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_DEPTH_REPORT_H_
