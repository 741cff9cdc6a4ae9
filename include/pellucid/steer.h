// pellucid/steer.h - directions that push what a model writes one way.
//
// A steering vector is added to a block's output at every position (activation
// addition, Turner et al. 2023). It is the difference that two texts, or many
// pairs of them, make there: their mean difference (Marks and Tegmark 2023,
// Rimsky et al. 2023), or its first principal component (Zou et al. 2023).
//
//   auto v = MakeSteering(model, pairs, {.layers =
//   Selection::Of({14})}).value(); GenerateOptions options{.edits =
//   SteeringEdits(v, 3)};
//
// Files are safetensors, or GGUF in the layout of llama.cpp's control vectors.
#ifndef PELLUCID_STEER_H_
#define PELLUCID_STEER_H_

#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/edit.h"
#include "pellucid/export.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/selection.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"
#include "pellucid/trained_lens.h"

namespace pellucid {

// A vector and the block whose output it is added to.
struct SteeringVector {
  std::size_t layer = 0;      // of the model, from 0
  std::string site;           // its output's canonical name: "model.layers.14"
  std::vector<float> values;  // [d_model]
};

// Two prompts that differ in what the vector shall stand for.
struct ContrastPair {
  std::vector<TokenId> plus;   // what it leads to
  std::vector<TokenId> minus;  // what it leads away from
};

enum class SteeringMethod {
  kMean,  // mean over pairs of plus - minus
  kPca,   // first principal component of these differences
};

struct SteeringOptions {
  Selection layers = {};  // one vector each
  // Of each prompt: the mean over these positions stands for it.
  Selection positions = Selection::Last();
  SteeringMethod method = SteeringMethod::kMean;
  std::stop_token stop = {};
  Progress progress = {};
};

// One vector for each layer, ascending. All sums are in float64. A principal
// component is that of the differences about zero (each taken with both signs),
// found by power iteration; it points to where their mean does, and is as long
// as the root mean square of their components along it, so that 1 times it is
// one typical difference. Costs a run of all prompts. kUsage: no pairs, an
// empty prompt, a layer or position that is not there; differences that are all
// zero, or whose first two components are equally large (kPca). kModel:
// non-finite activations. kCancelled.
PELLUCID_API Result<std::vector<SteeringVector>> MakeSteering(
    const Model& model, std::span<const ContrastPair> pairs,
    const SteeringOptions& options = {});

// The direction of each block's output along which a lens sees `token` grow,
// less `foil`: what the unembedding has of them, pulled back through the final
// norm and the block's map (of a Jacobian lens, rows of W_U J; Gurnee et al.
// 2026), of length 1. Null: of the logit lens, the same for every block.
// kUsage: a token or layer that is not there, or that the lens has no map for.
// kModel: a lens of another model.
PELLUCID_API Result<std::vector<SteeringVector>> LensSteering(
    const Model& model, const TrainedLens* lens, TokenId token,
    std::optional<TokenId> foil, const Selection& layers);

// The edits that add `scale` times the vectors at every position, of prompts
// and of what is generated; `prompts`: those of a batch, or empty: all.
PELLUCID_API std::vector<Edit> SteeringEdits(
    std::span<const SteeringVector> vectors, float scale,
    const std::vector<std::size_t>& prompts = {});

// Writes `vectors` for `model`: GGUF where `path` ends in .gguf, else
// safetensors, each tensor [d_model] under its site. GGUF numbers blocks from
// 0, too, and llama.cpp adds none behind block 0. kUsage: no vectors, two of a
// block, one of block 0 for GGUF. kFailed: it cannot be written.
PELLUCID_API Status WriteSteering(const std::string& path,
                                  std::span<const SteeringVector> vectors,
                                  const Model& model);

// Reads such a file, of either format by its content, for `model`: tensors of
// any float type, shape [d_model] or [1, d_model], named by any spelling of a
// block's output, in GGUF "direction.N". Ascending by layer. kModel: it cannot
// be read or is damaged, holds no tensor, another name, another width, or a
// number that is not finite.
PELLUCID_API Result<std::vector<SteeringVector>> ReadSteering(
    const std::string& path, const Model& model);

}  // namespace pellucid

#endif  // PELLUCID_STEER_H_
