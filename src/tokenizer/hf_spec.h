// The sections of a tokenizer.json together, whatever files they came from:
// what stands between the readers (tokenizer/hf_sections.h) and MakeTokenizer.
#ifndef PELLUCID_TOKENIZER_HF_SPEC_H_
#define PELLUCID_TOKENIZER_HF_SPEC_H_

#include <optional>
#include <string>
#include <vector>

#include "pellucid/result.h"
#include "pellucid/tokenizer.h"
#include "tokenizer/hf_sections.h"

namespace pellucid {

struct HfSpec {
  std::string name;  // of the file, for messages
  HfModel model;
  std::vector<AddedEntry> added;
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  Decoder decoder;
  HfTemplate text;
  // Absent: what the template puts first and last, if that is one token; else
  // what the model says, if that is one.
  std::optional<TokenId> bos, eos;
  std::optional<std::int64_t> model_bos, model_eos;
};

// kModel: see MakeTokenizer.
Result<Tokenizer> MakeHfTokenizer(HfSpec spec);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_HF_SPEC_H_
