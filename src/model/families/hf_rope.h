// What config.json says of rotary positions, in the spellings of all versions:
// "rope_parameters" (transformers 5), or "rope_scaling" beside "rope_theta" and
// "partial_rotary_factor".
#ifndef PELLUCID_MODEL_FAMILIES_HF_ROPE_H_
#define PELLUCID_MODEL_FAMILIES_HF_ROPE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "model/arch_spec.h"
#include "model/hf_config.h"
#include "model/hf_loader.h"
#include "pellucid/result.h"

namespace pellucid::families {

enum class RopeType { kPlain, kLinear, kDynamic, kLlama3, kYarn, kLong };

struct HfRope {
  RopeType type = RopeType::kPlain;
  double theta = 10000;
  double partial = 1;  // of a head's features
  double factor = 1;
  // Of cosines and sines; where the file does not say, what the type implies.
  std::optional<double> attention_factor;
  std::size_t context = 0;                // max_position_embeddings
  double original_context = 0;            // before the stretching
  Llama3Scaling llama3;                   // its frequency bounds
  YarnScaling yarn;                       // its turns
  double mscale = 0, mscale_all_dim = 0;  // yarn; 0: not there
  std::vector<float> short_factors, long_factors;
};

// Where config.json is silent.
struct HfRopeDefaults {
  double theta = 10000;
  double partial = 1;
  bool yarn_is_long = false;  // phi3's old name for longrope
  // Length before the stretching, of a class that has its own, whatever the
  // scaling says; 0: that of the scaling.
  double original_context = 0;
};

// From a model's whole config; `spec` holds the context length. kModel: a type
// or a key that is not known, or a value that none may have.
Result<HfRope> ReadHfRope(HfModelConfig& config, const HfRopeDefaults& defaults,
                          const ArchSpec& spec);

// The same where the object has already been found ("rope_parameters", one
// kind of block of it); nothing: no stretching.
Result<HfRope> ReadHfRopeObject(std::optional<HfModelConfig> rope,
                                HfModelConfig& config,
                                const HfRopeDefaults& defaults,
                                const ArchSpec& spec);

// The embedding of the first int(head_dim * partial) features of a head. Call
// when shapes have shown that sizes are no lies.
Result<RopeSpec> MakeHfRope(const HfLoader& loader, const HfRope& rope,
                            kernels::RopePairs pairs, ArchSpec& spec);

// The same of `dims` features, from any checkpoint, with a note for people.
// kModel: an odd number of features, factors that do not fit, frequencies
// beyond any scheme's.
Result<RopeSpec> MakeRope(const TensorLoader& loader, const HfRope& rope,
                          std::size_t dims, kernels::RopePairs pairs,
                          ArchSpec& spec);

// kModel: a frequency that is not positive or beyond any scheme's. `keys` is
// where the blame lies.
Status CheckFrequencies(const TensorLoader& loader, std::string_view keys,
                        const RopeSpec& rope);

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_HF_ROPE_H_
