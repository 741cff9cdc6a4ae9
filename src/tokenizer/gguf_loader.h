// Reads the tokenizer out of a GGUF's metadata (tokenizer.ggml.*).
//
//   .model            "gpt2": byte-level BPE; others in
//                     tokenizer/gguf_vocabulary.h
//   .pre              name of the pre-tokeniser (tokenizer/gguf_pre.h)
//   .tokens           strings [ids], in the byte alphabet
//   .token_type       integers [ids]; 2 unknown, 3 control, 4 user-defined,
//                     5 unused, all others normal; absent: all are normal
//   .merges           strings [ranks], "left right"
//   .bos_token_id, .eos_token_id, .add_bos_token, .add_eos_token
//
// Tokens of types 3 and 4 are Hugging Face's added tokens; that a token takes
// the spaces beside it (lstrip, rstrip) is lost in GGUF.
#ifndef PELLUCID_TOKENIZER_GGUF_LOADER_H_
#define PELLUCID_TOKENIZER_GGUF_LOADER_H_

#include <optional>

#include "formats/gguf.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"

namespace pellucid {

// Nothing where the file has no tokenizer (.model absent, "none" or
// "no_vocab"). The result does not refer to `file`. kModel: another model or
// pre ("unsupported tokenizer"), or damaged metadata.
Result<std::optional<Tokenizer>> LoadTokenizer(const GgufFile& file);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_GGUF_LOADER_H_
