// "added_tokens" of a tokenizer.json (formats 6.1).
#include <algorithm>
#include <limits>

#include "base/quote.h"
#include "fmt/format.h"
#include "tokenizer/hf_sections.h"

namespace pellucid {

// One past the tokens that the model counts, or past the highest added one.
// Ids that the model leaves out do not count, as upstream.
TokenId AddedTokenList::NextId() const {
  return std::max(static_cast<TokenId>(model_.count), highest_ + 1);
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
  entry.id = in_model.value_or(NextId());
  if (stated && *stated != entry.id) {
    return section.Damaged(
        fmt::format("gives \"{}\" the id {}, but it follows to {}",
                    Quote(entry.content), *stated, entry.id));
  }
  const auto at = static_cast<std::size_t>(entry.id);
  if (!in_model && at < model_.flags.size() && model_.flags[at] != 0) {
    return section.Damaged(fmt::format(
        "needs the id {} for \"{}\", but that is \"{}\"", entry.id,
        Quote(entry.content), Quote(model_.vocabulary.Text(entry.id))));
  }
  highest_ = std::max(highest_, entry.id);
  index_.emplace(entry.content, entries_.size());
  entries_.push_back(std::move(entry));
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
