#include "tokenizer/added_vocabulary.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/utf8.h"
#include "fmt/format.h"

namespace pellucid {
namespace {

Error Damaged(const std::string& name, const std::string& what) {
  return ModelError(
      fmt::format("open: {}: tokenizer: {}; get the file again", name, what));
}

// The normal forms of entries [entries], where they differ from the content.
Result<std::vector<std::optional<std::string>>> NormalForms(
    std::span<const AddedEntry> entries, const Normalizer& normalizer,
    const std::string& name) {
  std::vector<std::optional<std::string>> forms(entries.size());
  if (normalizer.empty()) return forms;
  std::size_t bytes = 0;
  for (const AddedEntry& entry : entries) bytes += entry.content.size();
  TextBudget budget(bytes);
  Normalizer::Scratch scratch;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const AddedEntry& entry = entries[i];
    if (!entry.normalized || FirstInvalidUtf8(entry.content)) continue;
    const auto form = normalizer.Apply(entry.content, scratch, budget);
    if (!form.ok()) return Damaged(name, form.error().message);
    if (*form != entry.content) forms[i] = std::string(*form);
  }
  return forms;
}

std::string_view TextOf(const AddedEntry& entry,
                        const std::optional<std::string>& form) {
  return form ? std::string_view(*form) : entry.content;
}

// What to look for in the raw text, or in the normalised one. Of equal normal
// forms a special token counts before others, then the first: upstream draws
// one of them anew each time that it opens the file. Of equal contents, which
// only GGUF files have, the last.
Result<AddedTokens> Searcher(std::span<const AddedEntry> entries,
                             std::span<const std::optional<std::string>> forms,
                             bool normalized, const std::string& name) {
  struct Candidate {
    AddedToken token;
    bool special;
  };
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const AddedEntry& entry = entries[i];
    const std::string_view text = TextOf(entry, forms[i]);
    if (entry.normalized != normalized || text.empty()) continue;
    if (FirstInvalidUtf8(text)) continue;
    candidates.push_back(
        {{text, entry.id, entry.single_word, entry.lstrip, entry.rstrip},
         entry.special});
  }
  std::sort(candidates.begin(), candidates.end(),
            [=](const Candidate& a, const Candidate& b) {
              if (a.token.text != b.token.text) {
                return a.token.text < b.token.text;
              }
              if (!normalized) return a.token.id > b.token.id;
              return a.special != b.special ? a.special
                                            : a.token.id < b.token.id;
            });
  std::vector<AddedToken> tokens;
  std::size_t bytes = 0;
  for (const Candidate& candidate : candidates) {
    if (!tokens.empty() && tokens.back().text == candidate.token.text) continue;
    bytes += candidate.token.text.size();
    tokens.push_back(candidate.token);
  }
  if (bytes > AddedTokens::kMaxBytes) {
    return Damaged(name, fmt::format("its added tokens have {} bytes, at most "
                                     "{} are supported",
                                     bytes, AddedTokens::kMaxBytes));
  }
  return AddedTokens(tokens);
}

}  // namespace

Result<AddedVocabulary> AddedVocabulary::Make(std::vector<AddedEntry> entries,
                                              const Normalizer& normalizer,
                                              const std::string& name) {
  std::sort(
      entries.begin(), entries.end(),
      [](const AddedEntry& a, const AddedEntry& b) { return a.id < b.id; });
  PELLUCID_ASSIGN_OR_RETURN(auto forms, NormalForms(entries, normalizer, name));
  PELLUCID_ASSIGN_OR_RETURN(
      AddedTokens raw, Searcher(entries, forms, /*normalized=*/false, name));
  PELLUCID_ASSIGN_OR_RETURN(
      AddedTokens normalized,
      Searcher(entries, forms, /*normalized=*/true, name));
  return AddedVocabulary(std::move(entries), std::move(forms), std::move(raw),
                         std::move(normalized));
}

AddedVocabulary::AddedVocabulary(
    std::vector<AddedEntry> entries,
    std::vector<std::optional<std::string>> normal_forms, AddedTokens raw,
    AddedTokens normalized)
    : entries_(std::move(entries)),
      normal_forms_(std::move(normal_forms)),
      by_content_(entries_.size()),
      raw_(std::move(raw)),
      normalized_(std::move(normalized)) {
  std::iota(by_content_.begin(), by_content_.end(), std::size_t{0});
  // Of equal contents the last id first.
  std::sort(by_content_.begin(), by_content_.end(),
            [this](std::size_t a, std::size_t b) {
              const int order =
                  entries_[a].content.compare(entries_[b].content);
              return order != 0 ? order < 0 : a > b;
            });
}

const AddedEntry* AddedVocabulary::Find(TokenId id) const {
  const auto entry = std::lower_bound(
      entries_.begin(), entries_.end(), id,
      [](const AddedEntry& e, TokenId wanted) { return e.id < wanted; });
  return entry == entries_.end() || entry->id != id ? nullptr : &*entry;
}

std::optional<TokenId> AddedVocabulary::FindContent(
    std::string_view content) const {
  const auto found =
      std::lower_bound(by_content_.begin(), by_content_.end(), content,
                       [this](std::size_t i, std::string_view wanted) {
                         return entries_[i].content < wanted;
                       });
  if (found == by_content_.end() || entries_[*found].content != content) {
    return std::nullopt;
  }
  return entries_[*found].id;
}

std::string_view AddedVocabulary::DecodedText(const AddedEntry& entry) const {
  const auto i = static_cast<std::size_t>(&entry - entries_.data());
  return TextOf(entry, normal_forms_[i]);
}

bool AddedVocabulary::IsLeftOut(const AddedEntry& entry) const {
  const std::string_view text = DecodedText(entry);
  if (text == entry.content) return entry.special;
  const auto id = FindContent(text);
  return id && Find(*id)->special;
}

}  // namespace pellucid
