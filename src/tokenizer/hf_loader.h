// Reads a tokenizer the way Hugging Face stores one: `tokenizer.json`, and the
// files that lie beside it in a model's folder.
//
// tokenizer.json is the state of the `tokenizers` library: added tokens,
// normalizer, pre_tokenizer, model, post_processor, decoder (formats 6.1).
// All its models are supported, and all steps but a few; what is valid but not
// supported is refused with one line that names it.
#ifndef PELLUCID_TOKENIZER_HF_LOADER_H_
#define PELLUCID_TOKENIZER_HF_LOADER_H_

#include <optional>
#include <string>
#include <string_view>

#include "pellucid/result.h"
#include "pellucid/tokenizer.h"

namespace pellucid {

// One tokenizer.json by itself: ids as Tokenizer.from_file(path).encode() of
// `tokenizers` gives them. What it calls BOS is what its template puts first.
// kModel: not found, damaged, or unsupported.
Result<Tokenizer> LoadTokenizerJson(const std::string& path);

// The same on a text in memory; `name` stands for the path in messages.
Result<Tokenizer> ParseTokenizerJson(std::string_view text,
                                     const std::string& name);

// The tokenizer of a model's folder: ids as AutoTokenizer of `transformers`
// gives them. Beside tokenizer.json it reads tokenizer_config.json and
// special_tokens_map.json (bos_token, eos_token, add_bos_token,
// add_eos_token), and, for BOS and EOS that neither names, the ids of
// generation_config.json and config.json; without tokenizer.json it takes
// GPT-2's vocab.json and merges.txt. Nothing where the folder holds none of
// them. kModel: damaged or unsupported, such as tokenizer.model alone.
Result<std::optional<Tokenizer>> LoadHfTokenizer(const std::string& folder);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_HF_LOADER_H_
