// The vocabularies of GGUF that are no byte-level BPE, as what Hugging Face
// makes of the same models (formats 2.7).
//
//   "llama"  SentencePiece's BPE: tokens have scores, and merges follow from
//            them; characters without a token become bytes
//   "t5"     SentencePiece's Unigram
//   "bert"   WordPiece; GGUF spells "##ing" as "ing", and "the" with a mark
#ifndef PELLUCID_TOKENIZER_GGUF_VOCABULARY_H_
#define PELLUCID_TOKENIZER_GGUF_VOCABULARY_H_

#include <span>
#include <string>
#include <string_view>

#include "formats/gguf.h"
#include "pellucid/result.h"
#include "tokenizer/tokenizer_impl.h"

namespace pellucid {

// U+2581, which stands for a space.
inline constexpr std::string_view kSpaceMark = "\xe2\x96\x81";

// Fill model, normaliser, pre-tokeniser and decoder of `spec`, whose flags and
// added tokens are read. `tokens` [ids]. kModel: damaged metadata.
Status FillSentencePiece(const GgufFile& file,
                         std::span<const std::string_view> tokens,
                         TokenizerSpec& spec);
Status FillUnigram(const GgufFile& file,
                   std::span<const std::string_view> tokens,
                   TokenizerSpec& spec);
Status FillWordPiece(const GgufFile& file,
                     std::span<const std::string_view> tokens,
                     TokenizerSpec& spec);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_GGUF_VOCABULARY_H_
