// The tokens that stand beside the model: what each is called, where it is
// found, how it decodes (formats 6.1, 6.2).
//
// Some are looked for in the raw text, before anything happens to it; those
// with `normalized` in the normalised text between, where what is looked for
// is their own normal form.
#ifndef PELLUCID_TOKENIZER_ADDED_VOCABULARY_H_
#define PELLUCID_TOKENIZER_ADDED_VOCABULARY_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/normalizer.h"

namespace pellucid {

struct AddedEntry {
  std::string content = {};
  TokenId id = 0;
  bool single_word = false, lstrip = false, rstrip = false;
  bool normalized = false;
  bool special = false;
};

// Immutable. Safe to use from many threads.
class AddedVocabulary {
 public:
  // `entries` have distinct ids. Never found are entries that are no UTF-8,
  // which no text contains, that have no content, or that the normaliser leaves
  // nothing of; of equal ones the last counts. `name` stands for the file in
  // messages. kModel: together of more bytes than AddedTokens takes; an entry
  // that reaches one of the normaliser's limits.
  static Result<AddedVocabulary> Make(std::vector<AddedEntry> entries,
                                      const Normalizer& normalizer,
                                      const std::string& name);

  const AddedTokens& raw() const { return raw_; }
  const AddedTokens& normalized() const { return normalized_; }

  // Null: no added token. Lives as long as the vocabulary stays where it is.
  const AddedEntry* Find(TokenId id) const;
  std::optional<TokenId> FindContent(std::string_view content) const;

  // What `entry`, one of this vocabulary, decodes to: its normal form, where
  // it is looked for in that (formats 6.12.1).
  std::string_view DecodedText(const AddedEntry& entry) const;

  // Decoding without special tokens leaves it out. Upstream asks whether the
  // decoded text is the content of a special token: where normalisation
  // changed it, it is not.
  bool IsLeftOut(const AddedEntry& entry) const;

 private:
  AddedVocabulary(std::vector<AddedEntry> entries,
                  std::vector<std::optional<std::string>> normal_forms,
                  AddedTokens raw, AddedTokens normalized);

  std::vector<AddedEntry> entries_;  // by rising id
  // [entries]; absent: the content.
  std::vector<std::optional<std::string>> normal_forms_;
  std::vector<std::size_t> by_content_;  // indices of entries_
  AddedTokens raw_, normalized_;
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_ADDED_VOCABULARY_H_
