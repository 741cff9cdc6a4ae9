// A byte-level BPE as GPT-2 and OPT store it: vocab.json and merges.txt
// (formats 6.9). What a tokenizer.json would say follows from the class: R1,
// the byte alphabet, no normaliser, the flags of tokenizer_config.json.
#ifndef PELLUCID_TOKENIZER_GPT2_FILES_H_
#define PELLUCID_TOKENIZER_GPT2_FILES_H_

#include <string>

#include "pellucid/result.h"
#include "pellucid/tokenizer.h"

namespace pellucid {

// Whether `folder` holds both files.
bool HasGpt2Files(const std::string& folder);

// The tokenizer that they and the files of tokenizer/hf_config.h make. kModel:
// damaged, or of a class with another pre-tokeniser.
Result<Tokenizer> LoadGpt2Files(const std::string& folder);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_GPT2_FILES_H_
