// What lies beside a tokenizer.json and changes what it does:
// tokenizer_config.json, special_tokens_map.json and added_tokens.json, as
// `transformers` reads them; and bos_token_id and eos_token_id of the model's
// own generation_config.json and config.json, which say what BOS and EOS are
// where nothing else does, but change no ids by themselves.
//
// The special tokens they name (bos_token, pad_token, ..) become added tokens
// if they are none yet. add_bos_token and add_eos_token make the template of a
// folder without a tokenizer.json; over the template of a file transformers 5
// does not apply them (measured on 5.23; version 4 did for Llama and Gemma).
#ifndef PELLUCID_TOKENIZER_HF_CONFIG_H_
#define PELLUCID_TOKENIZER_HF_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/hf_sections.h"

namespace pellucid {

struct HfConfig {
  // With the ids that the file gives them, if it does.
  struct Token {
    AddedEntry entry;
    std::optional<std::int64_t> stated;
  };

  std::string name;                     // of the folder, for messages
  std::string tokenizer_class;          // empty: not named
  std::vector<Token> added;             // in the order of their ids
  std::vector<AddedEntry> special;      // in the order of their names
  std::optional<std::string> bos, eos;  // contents
  std::optional<bool> adds_bos, adds_eos;
  bool add_prefix_space = false;
  std::optional<std::int64_t> model_bos, model_eos;  // the first of each
};

// Reads what there is of these files in `folder`. kModel: damaged, but for the
// model's own two, which are passed over: whoever opens the model tells.
Result<HfConfig> ReadHfConfig(const std::string& folder);

// Adds the tokens of `config` to `list`. kModel: see AddedTokenList::Add.
Status AddConfigTokens(const HfConfig& config, AddedTokenList& list);

// Makes `text` begin with BOS, or not, and end with EOS, or not, where the
// flags say so. Tokens that `list` does not know are left out, as upstream.
void ApplyFlags(const HfConfig& config, const AddedTokenList& list,
                HfTemplate& text);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_HF_CONFIG_H_
