#include "tokenizer/merge_reader.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/quote.h"
#include "fmt/format.h"

namespace pellucid {
namespace {

constexpr TokenId kNoToken = -1;

// Resolves merges and puts them into a table, a group at a time: what each
// waits for in memory is asked for while the others are looked at.
class MergeReader {
 public:
  MergeReader(const Vocabulary& vocabulary, std::size_t prefix_bytes,
              const std::string& name, MergeTable& table)
      : vocabulary_(vocabulary),
        prefix_bytes_(prefix_bytes),
        name_(name),
        table_(table) {}

  // Merges of rank `first_rank` and following, at most kGroup.
  static constexpr std::size_t kGroup = 32;
  Status Add(std::span<const MergePair> merges, std::size_t first_rank) {
    for (std::size_t i = 0; i < merges.size(); ++i) {
      parts_[2 * i] = merges[i].left;
      parts_[2 * i + 1] = merges[i].right;
    }
    vocabulary_.FindMany(std::span(parts_).first(2 * merges.size()), ids_);
    for (std::size_t i = 0; i < merges.size(); ++i) {
      const MergePair& merge = merges[i];
      results_[i] = ResultOf(merge);
      if (ids_[2 * i] < 0 || ids_[2 * i + 1] < 0 || results_[i] < 0) {
        return Missing(merge, i, first_rank + i);
      }
      table_.Prefetch(ids_[2 * i], ids_[2 * i + 1]);
    }
    for (std::size_t i = 0; i < merges.size(); ++i) {
      const auto rank = static_cast<std::uint32_t>(first_rank + i);
      table_.Set(ids_[2 * i], ids_[2 * i + 1], {rank, results_[i]});
    }
    return {};
  }

 private:
  // The token that both parts make, or kNoToken. Most vocabularies list tokens
  // as training made them: the result of a merge is that of the one before, or
  // the token after it, and lies in cache. A guess is a token only if no other
  // has its text (Vocabulary::Find takes the last).
  TokenId ResultOf(const MergePair& merge) {
    if (merge.right.size() < prefix_bytes_) return kNoToken;
    const std::string_view right = merge.right.substr(prefix_bytes_);
    if (!vocabulary_.duplicate() && !right.empty()) {
      const auto count = static_cast<TokenId>(vocabulary_.size());
      for (TokenId id = last_; id < std::min(last_ + 2, count); ++id) {
        const std::string_view text = vocabulary_.Text(id);
        if (text.size() == merge.left.size() + right.size() &&
            text.starts_with(merge.left) && text.ends_with(right)) {
          return last_ = id;
        }
      }
    }
    joined_.assign(merge.left).append(right);
    const TokenId id = vocabulary_.Find(joined_).value_or(kNoToken);
    if (id != kNoToken) last_ = id;
    return id;
  }

  Error Missing(const MergePair& merge, std::size_t i, std::size_t rank) {
    const std::size_t cut = std::min(prefix_bytes_, merge.right.size());
    joined_.assign(merge.left).append(merge.right.substr(cut));
    const std::string_view missing = ids_[2 * i] < 0       ? merge.left
                                     : ids_[2 * i + 1] < 0 ? merge.right
                                                           : joined_;
    return ModelError(fmt::format(
        "open: {}: tokenizer: merge {} (\"{} {}\") needs the token \"{}\", "
        "which the vocabulary lacks; get the file again",
        name_, rank, Quote(merge.left), Quote(merge.right), Quote(missing)));
  }

  const Vocabulary& vocabulary_;
  std::size_t prefix_bytes_;
  const std::string& name_;
  MergeTable& table_;
  std::array<std::string_view, 2 * kGroup> parts_;  // left, right, left ..
  std::array<TokenId, 2 * kGroup> ids_;             // of parts_
  std::array<TokenId, kGroup> results_;
  TokenId last_ = 0;  // the result before
  std::string joined_;
};

}  // namespace

Result<MergeTable> ReadMergePairs(const Vocabulary& vocabulary,
                                  std::span<const MergePair> merges,
                                  std::size_t prefix_bytes,
                                  const std::string& name) {
  if (merges.size() > Vocabulary::kMaxTokens) {
    return ModelError(
        fmt::format("open: {}: tokenizer: {} merges, at most {} are "
                    "supported; check the file",
                    name, merges.size(), Vocabulary::kMaxTokens));
  }
  MergeTable table(merges.size());
  MergeReader reader(vocabulary, prefix_bytes, name, table);
  constexpr std::size_t kGroup = MergeReader::kGroup;
  for (std::size_t rank = 0; rank < merges.size(); rank += kGroup) {
    const std::size_t count = std::min(kGroup, merges.size() - rank);
    PELLUCID_RETURN_IF_ERROR(reader.Add(merges.subspan(rank, count), rank));
  }
  return table;
}

}  // namespace pellucid
