// What the families share when they read a GGUF header: keys that are
// understood, the embedding and its head.
#ifndef PELLUCID_MODEL_FAMILIES_GGUF_KEYS_H_
#define PELLUCID_MODEL_FAMILIES_GGUF_KEYS_H_

#include <cstddef>
#include <span>
#include <string_view>

#include "model/arch_spec.h"
#include "model/gguf_loader.h"
#include "model/weights.h"
#include "pellucid/result.h"

namespace pellucid::families {

// kModel: a key below `prefix` ("llama.") that is none of `known`, or a model
// that is not causal ("attention.causal").
Status CheckKnownKeys(const GgufLoader& loader, std::string_view prefix,
                      std::span<const std::string_view> known);

// A float32 key, positive and finite; `fallback` where it is absent. kModel.
Result<float> PositiveFloat(const GgufLoader& loader, std::string_view key,
                            double fallback);

// token_embd.weight [vocab, d_model], whose rows give spec.vocab_size.
Result<WeightView> ReadEmbedding(GgufLoader& loader, ArchSpec& spec);

// output.weight, or the embedding where the file has none: tied.
Status ReadUnembedding(GgufLoader& loader, const ArchSpec& spec,
                       Weights& weights);

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_GGUF_KEYS_H_
