// What a Tokenizer holds, and the parts it is made of.
//
// A loader (tokenizer/gguf_loader.h, tokenizer/hf_loader.h) fills a
// TokenizerSpec from its file; MakeTokenizer checks it and builds the tables.
// Nothing here knows a format.
#ifndef PELLUCID_TOKENIZER_TOKENIZER_IMPL_H_
#define PELLUCID_TOKENIZER_TOKENIZER_IMPL_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"
#include "pellucid/tokenizer.h"
#include "tokenizer/added_vocabulary.h"
#include "tokenizer/bpe.h"
#include "tokenizer/decoder.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/piece_model.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/text_budget.h"

namespace pellucid {

// What an id is, bit by bit; none: it fills up the vocabulary and is no token
// for encode or decode.
enum TokenFlag : std::uint8_t {
  kModelToken = 1,    // of the model's vocabulary; comes from merges
  kAddedToken = 2,    // an AddedEntry: raw text
  kSpecialToken = 4,  // decode leaves it out where special tokens are skipped
};

struct TokenizerSpec {
  std::string name;  // of the file, for messages
  std::string kind;  // Tokenizer::Kind()
  // [all ids]: kModelToken; the other bits follow from `added`.
  std::vector<std::uint8_t> flags;
  // The model; null: BPE of the four that follow.
  PieceModelPtr model;
  Vocabulary vocabulary{{}};
  std::span<const MergePair> merges;  // [ranks]
  std::optional<MergeTable> merge_table =
      std::nullopt;  // present: instead of them
  BpeOptions bpe;    // byte_level is the pre-tokeniser's, whole that of flags
  std::vector<AddedEntry> added;
  Normalizer normalizer;  // of each text between raw added tokens
  PreTokenizer pre_tokenizer;
  Decoder decoder;
  // The template: what stands before and after every text.
  std::vector<std::int64_t> before, after;
  std::optional<std::int64_t> bos, eos;
};

// kModel: no tokens, an id of the template, bos or eos that is no token, what
// Bpe::Make and AddedVocabulary::Make refuse.
Result<Tokenizer> MakeTokenizer(TokenizerSpec spec);

struct Tokenizer::Impl {
  PieceModelPtr model;
  AddedVocabulary added;
  std::vector<std::uint8_t> flags;  // [ids], bits of TokenFlag
  std::string name;
  std::string kind;
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  Decoder decoder;
  std::vector<TokenId> before, after;
  std::optional<TokenId> bos, eos;

  // Appends the ids of `text`, which holds no added token that is looked for
  // in raw text; `budget` is that of all such texts of a call. `at_start`: it
  // is the first of them and begins the whole text. kModel: see
  // Normalizer::Apply, PreTokenizer::ForEachPiece, PieceModel::Encode.
  Status EncodeRaw(std::string_view text, bool at_start, TextBudget& budget,
                   std::vector<TokenId>& ids) const;
  // The same of normalised text without any added token.
  Status EncodeNormalized(std::string_view text, bool at_start,
                          TextBudget& budget, std::vector<TokenId>& ids) const;

  bool AddsBos() const {
    return bos && !before.empty() && before.front() == *bos;
  }

  // Bits of TokenFlag; 0 for ids beyond VocabSize().
  unsigned Flags(TokenId id) const {
    const auto i = static_cast<std::size_t>(id);
    return id >= 0 && i < flags.size() ? flags[i] : 0U;
  }
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_TOKENIZER_IMPL_H_
