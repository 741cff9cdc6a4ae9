// How a lens was fitted, as JSON: what `pellucid tune --json` writes. Step by
// step the loss of every map, so that others can plot it.
#ifndef PELLUCID_RENDER_TUNE_JSON_H_
#define PELLUCID_RENDER_TUNE_JSON_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "pellucid/model.h"  // ModelInfo
#include "pellucid/trained_lens.h"
#include "render/json_writer.h"
#include "render/run_info.h"

namespace pellucid::render {

// What a check on text that is held out found of each map, nats.
struct TuneCheck {
  std::size_t step = 0;
  std::vector<float> losses;
};

// How the steps went. Views: they must outlive the call.
struct TuneLog {
  const std::vector<std::vector<float>>& losses;  // [steps][maps], nats
  const std::vector<TuneCheck>& checks;
};

// {"schema": "pellucid.tune/1", ...} as docs/tuned-lens.md describes it.
void WriteTuneJson(const TrainedLens& lens, std::string_view path,
                   const TuneLog& log, const ModelInfo& model,
                   const RunInfo& run, const TextSink& sink);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_TUNE_JSON_H_
