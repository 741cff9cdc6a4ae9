// Keys of config.json that change no activation, whatever the family: names,
// training, generation, storage. Compiled from transformers' PreTrainedConfig
// and GenerationConfig and from the files of published models of the families
// read here.
#ifndef PELLUCID_MODEL_HF_CONFIG_KEYS_H_
#define PELLUCID_MODEL_HF_CONFIG_KEYS_H_

#include <simdjson.h>

#include <string_view>

namespace pellucid {

// Whether `key` means nothing to a forward pass, whatever its value.
bool IsHarmlessKey(std::string_view key);

// Whether a key that nobody read asks for nothing: null, false, an empty text,
// list or object, or the value at which a known key has no effect
// ("residual_multiplier": 1). A key like "is_causal", whose false does ask for
// something, is neutral where it is true.
bool IsNeutral(std::string_view key, const simdjson::dom::element& value);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_HF_CONFIG_KEYS_H_
