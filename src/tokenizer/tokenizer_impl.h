// What a Tokenizer holds, and the parts it is made of.
//
// A loader (tokenizer/gguf_loader.h) fills a TokenizerSpec from its file;
// MakeTokenizer checks it and builds the tables. Nothing here knows a format.
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
#include "tokenizer/added_tokens.h"
#include "tokenizer/bpe.h"
#include "tokenizer/pre_tokenizer.h"

namespace pellucid {

enum class TokenKind : std::uint8_t {
  kNormal,       // spelt in the byte alphabet; comes from merges
  kControl,      // added, special: raw text, left out by skip_special_tokens
  kUserDefined,  // added, not special: raw text
  kUnused,       // fills up the vocabulary; no token for encode or decode
};

struct TokenizerSpec {
  std::string name;                          // of the file, for messages
  std::string kind;                          // Tokenizer::Kind()
  std::span<const std::string_view> tokens;  // [ids]
  std::vector<TokenKind> kinds;              // [ids]
  std::span<const std::string_view> merges;  // [ranks], "left right"
  PrePattern pattern = PrePattern::kGpt2;
  bool nfc = false;            // normalise each text between added tokens
  bool ignore_merges = false;  // a piece that is a token is that token
  std::optional<std::int64_t> bos, eos;
  bool adds_bos = false, adds_eos = false;  // in the template
};

// kModel: no tokens, kinds of another number, bos or eos no token or absent
// where the template adds it, a merge that Bpe::Make refuses, added tokens of
// more bytes than AddedTokens takes.
Result<Tokenizer> MakeTokenizer(const TokenizerSpec& spec);

struct Tokenizer::Impl {
  Bpe bpe;
  AddedTokens added;
  std::vector<TokenKind> kinds;  // [ids]
  std::string name;
  std::string kind;
  PrePattern pattern;
  bool nfc, ignore_merges;
  std::optional<TokenId> bos, eos;
  bool adds_bos, adds_eos;

  // Appends the ids of `text`, which holds no added token.
  void EncodeSegment(std::string_view text, std::vector<TokenId>& ids) const;

  // Below VocabSize() and not kUnused.
  bool IsToken(TokenId id) const;
  bool IsAdded(TokenId id) const;  // requires IsToken
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_TOKENIZER_IMPL_H_
