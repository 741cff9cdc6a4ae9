// The parameters of any family from a Hugging Face folder: each by the path of
// its module (ArchSpec::modules), so that names of sites and tensors are one.
#ifndef PELLUCID_MODEL_FAMILIES_HF_WEIGHTS_H_
#define PELLUCID_MODEL_FAMILIES_HF_WEIGHTS_H_

#include "model/arch_spec.h"
#include "model/families/weight_rules.h"
#include "model/hf_loader.h"
#include "model/weights.h"
#include "pellucid/result.h"

namespace pellucid::families {

// Every parameter of the model, all shapes checked. Experts may be stored one
// by one ("experts.3.up_proj"), stacked by transformers 5 ("experts.gate_up_
// proj", "experts.down_proj") or by MLX ("switch_mlp.up_proj"). kModel: one is
// missing or ill-shaped, or the folder holds one that nobody asked for.
Result<Weights> ReadHfWeights(HfLoader& loader, const WeightRules& rules,
                              const ArchSpec& spec);

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_HF_WEIGHTS_H_
