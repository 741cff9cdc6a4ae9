// The parameters of any family from a GGUF file: modules by the names of
// llama.cpp, each arranged as Hugging Face has it.
#ifndef PELLUCID_MODEL_FAMILIES_GGUF_WEIGHTS_H_
#define PELLUCID_MODEL_FAMILIES_GGUF_WEIGHTS_H_

#include <span>
#include <string_view>
#include <utility>

#include "model/arch_spec.h"
#include "model/families/weight_rules.h"
#include "model/gguf_loader.h"
#include "model/weights.h"
#include "pellucid/result.h"

namespace pellucid::families {

// A module that a family's files call otherwise than most.
using GgufName = std::pair<Point, std::string_view>;

// Every parameter of the model, all shapes checked, and spec.vocab_size. Norms
// are as stored (llama.cpp has added Gemma's 1), a fused projection in the row
// order of the architecture, whatever the file's. kModel: a tensor is missing
// or ill-shaped. (The family calls CheckAllTaken after what it reads itself.)
Result<Weights> ReadGgufWeights(GgufLoader& loader, const WeightRules& rules,
                                ArchSpec& spec,
                                std::span<const GgufName> names = {});

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_GGUF_WEIGHTS_H_
