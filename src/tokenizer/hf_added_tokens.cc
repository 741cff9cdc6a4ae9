// "added_tokens" of a tokenizer.json (formats 6.1).
#include <algorithm>
#include <limits>

#include "base/quote.h"
#include "fmt/format.h"
#include "tokenizer/hf_sections.h"

namespace pellucid {

// Ids that the model leaves out do not count, as upstream.
void AddedTokenList::BeginCall() {
  next_ = std::max(static_cast<TokenId>(model_.count), highest_ + 1);
}

Status AddedTokenList::Add(AddedEntry entry, std::optional<std::int64_t> stated,
                           const JsonSection& section) {
  if (entry.content.empty()) return {};
  const auto before = index_.find(entry.content);
  if (before != index_.end()) {
    // The later entry counts, but what was special stays so, as upstream.
    AddedEntry& held = entries_[before->second];
    entry.id = held.id;
    entry.special |= held.special;
    held = std::move(entry);
    return {};
  }
  const auto in_model = model_.vocabulary.Find(entry.content);
  entry.id = in_model ? *in_model : next_++;
  if (stated && *stated != entry.id) {
    return section.Damaged(
        fmt::format("gives \"{}\" the id {}, but it follows to {}",
                    Quote(entry.content), *stated, entry.id));
  }
  highest_ = std::max(highest_, entry.id);
  const auto [held, is_new] = by_id_.emplace(entry.id, entries_.size());
  index_.emplace(entry.content, held->second);
  if (is_new) {
    entries_.push_back(std::move(entry));
  } else {
    entries_[held->second] = std::move(entry);
  }
  return {};
}

bool AddedTokenList::MarkSpecial(std::string_view content) {
  const auto found = index_.find(content);
  if (found == index_.end()) return false;
  entries_[found->second].special = true;
  return true;
}

std::optional<TokenId> AddedTokenList::Find(std::string_view content) const {
  const auto found = index_.find(content);
  if (found != index_.end()) return entries_[found->second].id;
  return model_.vocabulary.Find(content);
}

Result<AddedEntry> ReadAddedToken(const JsonSection& section) {
  AddedEntry entry;
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view content,
                            section.String("content"));
  entry.content = std::string(content);
  PELLUCID_ASSIGN_OR_RETURN(entry.special, section.Bool("special", false));
  PELLUCID_ASSIGN_OR_RETURN(entry.single_word,
                            section.Bool("single_word", false));
  PELLUCID_ASSIGN_OR_RETURN(entry.lstrip, section.Bool("lstrip", false));
  PELLUCID_ASSIGN_OR_RETURN(entry.rstrip, section.Bool("rstrip", false));
  PELLUCID_ASSIGN_OR_RETURN(entry.normalized,
                            section.Bool("normalized", !entry.special));
  return entry;
}

Status ReadAddedTokens(const JsonSection& section, AddedTokenList& list) {
  if (section.IsNull()) return {};
  PELLUCID_ASSIGN_OR_RETURN(const auto tokens, section.AsArray());
  list.BeginCall();
  std::size_t index = 0;
  for (const simdjson::dom::element element : tokens) {
    const JsonSection token(
        section.name(), fmt::format("{}[{}]", section.path(), index), element);
    PELLUCID_ASSIGN_OR_RETURN(AddedEntry entry, ReadAddedToken(token));
    PELLUCID_ASSIGN_OR_RETURN(const std::int64_t id,
                              token.Get("id").AsInteger());
    PELLUCID_RETURN_IF_ERROR(list.Add(std::move(entry), id, token));
    ++index;
  }
  return {};
}

}  // namespace pellucid
