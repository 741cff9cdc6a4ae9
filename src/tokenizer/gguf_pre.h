// What `tokenizer.ggml.pre` stands for.
//
// GGUF names the pre-tokeniser of a byte-level BPE vocabulary by the first
// model that had it; many names are one pattern (formats 2.7). The converter
// stores neither the normaliser nor ignore_merges, so both follow the name.
#ifndef PELLUCID_TOKENIZER_GGUF_PRE_H_
#define PELLUCID_TOKENIZER_GGUF_PRE_H_

#include <optional>
#include <span>
#include <string_view>

#include "pellucid/result.h"
#include "tokenizer/pre_pattern.h"
#include "tokenizer/pre_tokenizer.h"

namespace pellucid {

struct PreRule {
  std::string_view name;
  // The last step, a pattern with a matcher.
  std::optional<PrePattern> pattern = std::nullopt;
  // Before it: expressions whose matches are isolated, one after another.
  std::span<const std::string_view> expressions = {};
  bool ignore_merges = false;
  bool adds_bos = false;   // where the file has no add_bos_token
  bool nfc = false;        // only Qwen2's is known to have it
  bool byte_level = true;  // false: tokens are spelt as they are
};

// Null: a name that is not known.
const PreRule* FindPreRule(std::string_view name);

// What it stands for, but for the normaliser. kModel: an expression that is not
// valid, which none of the table is.
Result<PreTokenizer> PreTokenizerOf(const PreRule& rule);

// For messages.
inline constexpr std::string_view kSupportedPre =
    "gpt-2, smollm, llama-bpe, dbrx, qwen2, gpt-4o, tekken, falcon, bloom, "
    "deepseek-coder, deepseek-v3, seed-coder, bailingmoe, viking and names for "
    "the same patterns";

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_GGUF_PRE_H_
