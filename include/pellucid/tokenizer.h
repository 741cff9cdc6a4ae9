// pellucid/tokenizer.h - text to token ids and back, as Hugging Face does it.
//
// Ids equal those of the `tokenizers` library on the same vocabulary. Read from
// a folder's tokenizer.json and what lies beside it, or from GGUF metadata
// (BPE, Unigram, WordPiece). Immutable and safe to use from many threads.
#ifndef PELLUCID_TOKENIZER_H_
#define PELLUCID_TOKENIZER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/export.h"
#include "pellucid/result.h"

namespace pellucid {

// A row of the vocabulary, counted from 0. Signed, as in the files; no valid id
// is negative.
using TokenId = std::int32_t;

// When a beginning-of-sequence token is put before the text.
enum class BosPolicy {
  kAuto,    // what the model's own Hugging Face tokenizer does
  kAlways,  // kUsage error where no file names a BOS token
  kNever,
};

// How Tokenizer::Encode treats the tokens that frame a text.
struct EncodeOptions {
  BosPolicy bos = BosPolicy::kAuto;
  // Template tokens (BOS, EOS) are added; false: as HF's
  // add_special_tokens=False, whatever `bos` says.
  bool add_special_tokens = true;
  // A text that already begins with the BOS token gets no second one. HF adds
  // it all the same; so does `pellucid tokenize`.
  bool avoid_double_bos = false;
};

// What Tokenizer::Encode made of a text.
struct Encoding {
  std::vector<TokenId> ids;            // [tokens]
  bool suppressed_double_bos = false;  // avoid_double_bos took effect
};

// The tokenizer of one model; Model::tokenizer() gives it. Cheap to copy:
// copies share the tables. When memory runs out, Encode returns kFailed;
// Decode, TokenBytes, TokenText and FindToken, which return plain values, throw
// std::bad_alloc.
class PELLUCID_API Tokenizer {
 public:
  struct Impl;  // src/tokenizer/tokenizer_impl.h
  explicit Tokenizer(std::shared_ptr<const Impl> impl);

  // Encodes `text` (UTF-8). Linear time but for the merges, O(n log n) in the
  // length of a piece. kUsage: invalid UTF-8, with the byte offset. kModel: a
  // regular expression of the tokenizer reached a limit of steps or time.
  Result<Encoding> Encode(std::string_view text,
                          const EncodeOptions& options = {}) const;

  // The text of the whole sequence, as HF decode(): ill-formed UTF-8 becomes
  // U+FFFD, ids beyond the vocabulary are skipped.
  std::string Decode(std::span<const TokenId> ids,
                     bool skip_special_tokens = false) const;

  // The bytes that this one token stands for; special tokens give their name,
  // ids beyond the vocabulary an empty string.
  std::string TokenBytes(TokenId id) const;

  // TokenBytes as UTF-8 for people and JSON: bytes that are no whole
  // character on their own are shown as "<0xE2>", an id beyond the tokenizer
  // as "<id:49155>".
  std::string TokenText(TokenId id) const;

  // The id of the token whose vocabulary entry or added-token content decodes
  // to exactly these bytes, if there is one.
  std::optional<TokenId> FindToken(std::string_view bytes) const;

  // One more than the highest id. The model's own vocabulary, the rows of its
  // unembedding (ModelInfo::vocab_size), may be larger.
  std::size_t VocabSize() const;

  // The tokens that begin and end a sequence, where the model's files name
  // them.
  std::optional<TokenId> BosId() const;
  std::optional<TokenId> EosId() const;

  // Whether BosPolicy::kAuto puts a BOS token before a text.
  bool AddsBos() const;

  // The algorithm and the rule that splits a text, e.g. "bpe (smollm)".
  const std::string& Kind() const;

 private:
  std::shared_ptr<const Impl> impl_;
};

// The text of ids that come one by one, as a model generates them: whole
// characters as soon as they are complete. All that Push and Finish return is,
// one after another, what Decode gives of all ids, unless a later id changes
// text that was whole before (a broken row of byte tokens, WordPiece's
// punctuation); what was returned then stays.
//
//   StreamDecoder stream(tokenizer);
//   for (const TokenId id : ids) Print(stream.Push(id));
//   Print(stream.Finish());
class PELLUCID_API StreamDecoder {
 public:
  // Shares the tokenizer's tables.
  explicit StreamDecoder(Tokenizer tokenizer, bool skip_special_tokens = false);

  // The text that `id` completes; empty while a character is unfinished.
  // Decodes a window of the last ids, which ends where text was returned.
  std::string Push(TokenId id);

  // What is left, U+FFFD for what stayed unfinished. The next id begins a new
  // text.
  std::string Finish();

 private:
  // The text of the window behind what was returned; empty: none.
  std::string Rest(const std::string& text) const;

  Tokenizer tokenizer_;
  bool skip_special_tokens_;
  std::vector<TokenId> window_;  // ids from the last two returns on
  std::size_t returned_ = 0;     // of them, those whose text was returned
  std::string prefix_;           // the text of those
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_H_
