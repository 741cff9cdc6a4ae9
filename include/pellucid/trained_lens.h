// pellucid/trained_lens.h - lenses that learn.
//
// The logit lens hands the final norm a state that later blocks would still
// have moved. A trained lens moves it first, by a map of its own for each row:
// a tuned lens h + W h + b, fitted so that its prediction comes close to the
// model's (Belrose et al., "Eliciting latent predictions from transformers with
// the tuned lens", 2023); a Jacobian lens J h, the mean first-order effect of
// that state on the final one (Gurnee et al. 2026).
//
//   auto trained = ReadTrainedLens(LensKind::kTuned, "lens", model).value();
//   Lens lens = ComputeLens(model, ids, {.trained = trained}).value();
//
// A map belongs to the point whose state it takes: "embed" is what enters block
// 0, "model.layers.3" the output of block 3. The last block's output has none,
// since it is what the model itself reads out.
#ifndef PELLUCID_TRAINED_LENS_H_
#define PELLUCID_TRAINED_LENS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pellucid/export.h"
#include "pellucid/result.h"
#include "pellucid/tensor.h"

namespace pellucid {

class Model;  // pellucid/model.h

// What stands between a row's state and the model's head.
enum class LensKind : std::uint8_t { kLogit, kTuned, kJacobian };

// "logit", "tuned", "jacobian".
PELLUCID_API std::string_view LensKindName(LensKind kind);

// The map of one row.
struct LensTranslator {
  std::string site;    // canonical: "embed", "model.layers.3"
  Tensor weight = {};  // [d_model, d_model]: feature i is row i times h
  std::vector<float> bias = {};  // [d_model], or empty
};

// All maps of a lens, and where they come from.
struct TrainedLens {
  LensKind kind = LensKind::kTuned;  // never kLogit
  std::string ref = {};              // the file that it was read from
  // Of the model that it was fitted to; empty where its file does not say.
  std::string architecture = {}, model_hash = {};
  std::vector<LensTranslator> translators = {};  // rising by row
  // How it came about, as (key, text): data, steps, losses.
  std::vector<std::pair<std::string, std::string>> record = {};
};

// Reads a lens for `model`. `path` is, by content:
//   - a .safetensors file of WriteTrainedLens, or a folder with one named
//     lens.safetensors;
//   - a folder of the tuned-lens package (config.json, params.pt), or its
//     params.pt: translator i is that of what enters block i;
//   - a .pt file with a dict "J" of matrices by block (Jacobian lenses);
//   - an .npz file of mlxterp (translators_{i}_weight, _bias), whose maps are
//     no additions to the state: W less the identity is kept, and what it has
//     for the last block is left out. (embed_weight, embed_bias: of "embed",
//     where ExportMlxterpLens wrote them.)
// No code in a pickle is run. kModel: it cannot be read, is damaged, of another
// kind, or another model's by its shapes, architecture or hash; a number that
// is not finite.
PELLUCID_API Result<std::shared_ptr<const TrainedLens>> ReadTrainedLens(
    LensKind kind, const std::string& path, const Model& model);

// Writes `lens` for `model` to a .safetensors file: tensors SITE.weight and
// SITE.bias; in its metadata "pellucid" (the schema), "kind", "capture",
// "architecture", "model_hash" and the record. kUsage: it does not fit the
// model. kFailed: it cannot be written.
PELLUCID_API Status WriteTrainedLens(const std::string& path,
                                     const TrainedLens& lens,
                                     const Model& model);

// Writes a tuned lens as the tuned-lens package does, a folder with config.json
// and params.pt. `name` stands in it for the model. kUsage: no tuned lens, or
// one without a map for each block's input.
PELLUCID_API Status ExportTunedLens(const std::string& folder,
                                    const TrainedLens& lens, const Model& model,
                                    const std::string& name);

// Writes a tuned lens as mlxterp does, `path` with the endings .npz and .json.
// The last block gets the identity. The map of "embed" is written as
// embed_weight and embed_bias, which mlxterp passes over.
PELLUCID_API Status ExportMlxterpLens(const std::string& path,
                                      const TrainedLens& lens,
                                      const Model& model);

}  // namespace pellucid

#endif  // PELLUCID_TRAINED_LENS_H_
