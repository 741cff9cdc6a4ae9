// What `tokenizer.ggml.pre` stands for.
//
// GGUF names the pre-tokeniser of a byte-level BPE vocabulary by the first
// model that had it; many names are one pattern (formats 2.7). The converter
// stores neither the normaliser nor ignore_merges, so both follow the name.
#ifndef PELLUCID_TOKENIZER_GGUF_PRE_H_
#define PELLUCID_TOKENIZER_GGUF_PRE_H_

#include <string_view>

#include "tokenizer/pre_pattern.h"

namespace pellucid {

struct PreRule {
  std::string_view name;
  PrePattern pattern = PrePattern::kGpt2;
  bool ignore_merges = false;
  bool adds_bos = false;  // where the file has no add_bos_token
  bool nfc = false;       // only Qwen2's is known to have it
};

// Null: a name whose pattern is not one of PrePattern.
const PreRule* FindPreRule(std::string_view name);

// For messages.
inline constexpr std::string_view kSupportedPre =
    "gpt-2, smollm, llama-bpe, dbrx, qwen2, gpt-4o, tekken and names for the "
    "same patterns";

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_GGUF_PRE_H_
