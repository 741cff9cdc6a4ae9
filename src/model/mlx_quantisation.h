// What config.json says of weights that MLX has quantised: "quantization",
// which mlx-lm writes a second time as "quantization_config".
//
//   {"group_size": 64, "bits": 4, "mode": "affine",
//    "model.layers.0.mlp.down_proj": {"group_size": 32, "bits": 6},
//    "model.layers.0.self_attn.q_proj": false}
// Elements are packed along the rows of "P.weight"; a group of them shares an
// entry of "P.scales" and, in affine mode, one of "P.biases". Modules that are
// not named are quantised where they have scales, and the shapes say how: as
// mlx-lm reads it, the defaults above need not be theirs.
#ifndef PELLUCID_MODEL_MLX_QUANTISATION_H_
#define PELLUCID_MODEL_MLX_QUANTISATION_H_

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/dtype.h"
#include "model/hf_config.h"
#include "pellucid/result.h"

namespace pellucid {

// How the elements of a matrix are packed and scaled.
struct MlxScheme {
  enum class Mode { kAffine, kMxfp4, kMxfp8, kNvfp4 };
  Mode mode = Mode::kAffine;
  std::size_t bits = 0;   // of an element
  std::size_t group = 0;  // elements that share a scale

  bool operator==(const MlxScheme&) const = default;
  // "affine, 4 bits, groups of 64"
  std::string Text() const;
  // Of the packed elements.
  DType Elements() const;
};

// Whether MLX has such a scheme: affine of 1 to 6 and 8 bits in groups of 32,
// 64 or 128, and one of each other mode.
bool IsKnown(const MlxScheme& scheme);

class MlxQuantisation {
 public:
  // What is said of one module.
  struct Override {
    std::optional<MlxScheme> scheme;  // nothing: not quantised
  };

  // Nothing where config.json has neither key. kModel: a value that is not as
  // above, a scheme that MLX does not have, or two keys that differ. Marks both
  // keys as read; "quantization_config" with a "quant_method" is not MLX's.
  static Result<std::optional<MlxQuantisation>> Read(HfModelConfig& config);

  const MlxScheme& scheme() const { return default_; }

  // Nothing where the module is not named.
  const Override* Find(std::string_view module) const;

 private:
  MlxScheme default_;
  std::map<std::string, Override, std::less<>> overrides_;
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_MLX_QUANTISATION_H_
