// How a lens was fitted, as JSON: what `pellucid tune --json` writes. Step by
// step the loss of every map, so that others can plot it.
#ifndef PELLUCID_RENDER_TUNE_JSON_H_
#define PELLUCID_RENDER_TUNE_JSON_H_

#include <string_view>
#include <vector>

#include "pellucid/model.h"  // ModelInfo
#include "pellucid/trained_lens.h"
#include "render/json_writer.h"
#include "render/run_info.h"

namespace pellucid::render {

// {"schema": "pellucid.tune/1", ...} as docs/tuned-lens.md describes it.
// `losses`: [steps][maps], nats.
void WriteTuneJson(const TrainedLens& lens, std::string_view path,
                   const std::vector<std::vector<float>>& losses,
                   const ModelInfo& model, const RunInfo& run,
                   const TextSink& sink);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_TUNE_JSON_H_
