// Everything that a rendering of a lens reads: the numbers, and whose they are.
// Holds references: it is made for one call of a renderer.
#ifndef PELLUCID_RENDER_LENS_REPORT_H_
#define PELLUCID_RENDER_LENS_REPORT_H_

#include "pellucid/lens.h"
#include "pellucid/model.h"  // ModelInfo
#include "render/run_info.h"
#include "render/token_texts.h"

namespace pellucid::render {

// A bundle of views: what they name must outlive the call it is passed to.
struct LensReport {
  const Lens& lens;
  const ModelInfo& model;
  const RunInfo& run;
  const TokenTexts& texts;
  const Lens* compared = nullptr;  // another lens of the same prompt
};

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_LENS_REPORT_H_
