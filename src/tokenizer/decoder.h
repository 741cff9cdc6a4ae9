// Tokens to text: the `decoder` of a tokenizer.json, as a list of steps
// (formats 6.6).
//
// Each kind of step is one class behind DecoderStep and rewrites the list of
// tokens, strings as they stand in the vocabulary; what is left is put together
// without anything between. A tokenizer without a decoder puts spaces there.
#ifndef PELLUCID_TOKENIZER_DECODER_H_
#define PELLUCID_TOKENIZER_DECODER_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/text_pattern.h"

namespace pellucid {

// Immutable. Safe to use from many threads.
class DecoderStep {
 public:
  virtual ~DecoderStep() = default;

  virtual void Apply(std::vector<std::string>& tokens) const = 0;

  // Turns a token into the bytes that it stands for by itself, wherever it
  // stands; not so what depends on its neighbours.
  virtual void ApplyAlone(std::string& token) const;

  // Undoes ApplyAlone, if a token's bytes are `token`; else leaves it.
  virtual void Spell(std::string& token) const;
};
using DecoderStepPtr = std::shared_ptr<const DecoderStep>;

// The characters of a token stand for bytes; a token with one that stands for
// none is taken as it is. All bytes are one text, what is no UTF-8 in them
// U+FFFD.
DecoderStepPtr MakeByteLevelDecoder();
// Every match becomes `content`. Where `pattern` reaches a limit the token
// stays what it was.
DecoderStepPtr MakeReplaceDecoder(TextPattern pattern, std::string content);
// The same for a text that is found as it stands.
DecoderStepPtr MakeReplaceDecoder(std::string literal, std::string content);
// "<0xE2>" stands for a byte. A run of such tokens that is UTF-8 becomes one
// text, every other one U+FFFD for each byte.
DecoderStepPtr MakeByteFallbackDecoder();
// All tokens become one.
DecoderStepPtr MakeFuseDecoder();
// Takes at most `start` and `stop` times `content` off the ends of each token.
DecoderStepPtr MakeStripDecoder(std::string content, std::size_t start,
                                std::size_t stop);
// `replacement` becomes a space, or, unless `keeps_first`, nothing in the first
// token.
DecoderStepPtr MakeMetaspaceDecoder(std::string replacement, bool keeps_first);
// A token that begins with `prefix` continues the word before it, every other
// one follows a space; `cleans_up`: no space before punctuation.
DecoderStepPtr MakeWordPieceDecoder(std::string prefix, bool cleans_up);
// `suffix` ends a word: a space, but for the last token's.
DecoderStepPtr MakeWordEndDecoder(std::string suffix);

// Immutable; cheap to copy.
class Decoder {
 public:
  // The tokens with a space between them.
  Decoder() = default;
  explicit Decoder(std::vector<DecoderStepPtr> steps)
      : joins_(true), steps_(std::move(steps)) {}

  // The text of `tokens`, strings as they stand in the vocabulary.
  std::string Decode(std::span<const std::string_view> tokens) const;

  // The bytes that `token` stands for by itself.
  std::string DecodeAlone(std::string_view token) const;

  // Strings of the vocabulary that may stand for `bytes`, the likeliest first.
  std::vector<std::string> Spellings(std::string_view bytes) const;

 private:
  bool joins_ = false;
  std::vector<DecoderStepPtr> steps_;
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_DECODER_H_
