// The last steps of a family, the same for many: what is left of a config or a
// header is refused, then weights, rotary embedding and notes for people.
#ifndef PELLUCID_MODEL_FAMILIES_LOAD_H_
#define PELLUCID_MODEL_FAMILIES_LOAD_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "kernels/rope.h"
#include "model/arch_spec.h"
#include "model/families/gguf_sizes.h"
#include "model/families/gguf_weights.h"
#include "model/families/hf_rope.h"
#include "model/families/weight_rules.h"
#include "model/family.h"
#include "model/gguf_loader.h"
#include "model/hf_loader.h"
#include "pellucid/result.h"

namespace pellucid::families {

// What a family found in a checkpoint beside what ArchSpec holds.
struct HfParts {
  WeightRules rules;
  std::optional<HfRope> rope;  // nothing: positions are not rotated in
  kernels::RopePairs pairs = kernels::RopePairs::kHalves;
  std::string_view activation;  // as people know it
};

// kModel: a key of config.json that nobody read, and all that ReadHfWeights and
// MakeHfRope refuse.
Result<LoadedModel> LoadHf(HfLoader& loader, const HfParts& parts,
                           ArchSpec spec);

struct GgufParts {
  WeightRules rules = {};
  std::span<const GgufName> names = {};            // ReadGgufWeights
  std::optional<kernels::RopePairs> rotates = {};  // nothing: no rotation
  std::string_view activation;
};

// kModel: a tensor that nobody asked for, and all that ReadGgufWeights and
// ReadGgufRope refuse.
Result<LoadedModel> LoadGguf(GgufLoader& loader, const GgufKeys& keys,
                             const GgufParts& parts, ArchSpec spec);

// Rows of the first block's up-projection, for the architectures whose
// converter writes four times the width of the model into feed_forward_length,
// whatever the model has; `fallback` where there is no such matrix.
std::size_t MlpWidth(const GgufLoader& loader, std::size_t fallback);

// kModel: some features of a head are not rotated, in a family whose class has
// no such key.
Status CheckWholeRope(const HfModelConfig& config, const HfRope& rope);

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_LOAD_H_
