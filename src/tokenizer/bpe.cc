#include "tokenizer/bpe.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <queue>
#include <utility>

#include "base/quote.h"
#include "base/utf8.h"
#include "fmt/format.h"
#include "tokenizer/byte_alphabet.h"

namespace pellucid {
namespace {

constexpr TokenId kNoToken = -1;

// Up to so many symbols a scan for the lowest rank beats a heap: it takes 0.6
// of the time at 16 symbols, 0.9 at 64, the same at 128.
constexpr std::size_t kShort = 64;

constexpr std::uint32_t kNoMerge = std::numeric_limits<std::uint32_t>::max();

// Resolves merges and puts them into a table, a group at a time: what each
// waits for in memory is asked for while the others are looked at.
class MergeReader {
 public:
  MergeReader(const Vocabulary& vocabulary, const std::string& name,
              MergeTable& table)
      : vocabulary_(vocabulary), name_(name), table_(table) {}

  // Merges of rank `first_rank` and following, at most kGroup.
  static constexpr std::size_t kGroup = 32;
  Status Add(std::span<const MergePair> merges, std::size_t first_rank) {
    for (std::size_t i = 0; i < merges.size(); ++i) {
      parts_[2 * i] = merges[i].left;
      parts_[2 * i + 1] = merges[i].right;
    }
    vocabulary_.FindMany(std::span(parts_).first(2 * merges.size()), ids_);
    for (std::size_t i = 0; i < merges.size(); ++i) {
      results_[i] = ResultOf(merges[i]);
      if (ids_[2 * i] < 0 || ids_[2 * i + 1] < 0 || results_[i] < 0) {
        return Missing(merges[i], i, first_rank + i);
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
    if (!vocabulary_.duplicate() && !merge.right.empty()) {
      const auto count = static_cast<TokenId>(vocabulary_.size());
      for (TokenId id = last_; id < std::min(last_ + 2, count); ++id) {
        const std::string_view text = vocabulary_.Text(id);
        if (text.size() == merge.left.size() + merge.right.size() &&
            text.starts_with(merge.left) && text.ends_with(merge.right)) {
          return last_ = id;
        }
      }
    }
    joined_.assign(merge.left).append(merge.right);
    const TokenId id = vocabulary_.Find(joined_).value_or(kNoToken);
    if (id != kNoToken) last_ = id;
    return id;
  }

  Error Missing(const MergePair& merge, std::size_t i, std::size_t rank) {
    joined_.assign(merge.left).append(merge.right);
    const std::string_view missing = ids_[2 * i] < 0       ? merge.left
                                     : ids_[2 * i + 1] < 0 ? merge.right
                                                           : joined_;
    return ModelError(fmt::format(
        "open: {}: tokenizer: merge {} (\"{} {}\") needs the token \"{}\", "
        "which the vocabulary lacks; get the file again",
        name_, rank, Quote(merge.left), Quote(merge.right), Quote(missing)));
  }

  const Vocabulary& vocabulary_;
  const std::string& name_;
  MergeTable& table_;
  std::array<std::string_view, 2 * kGroup> parts_;  // left, right, left ..
  std::array<TokenId, 2 * kGroup> ids_;             // of parts_
  std::array<TokenId, kGroup> results_;
  TokenId last_ = 0;  // the result before
  std::string joined_;
};

// A symbol of EncodeLong's doubly linked list, by index.
struct Symbol {
  TokenId id = kNoToken;  // kNoToken: merged into its left neighbour
  std::int32_t previous = -1, next = -1;
};

// A merge that was possible when it was pushed.
struct Candidate {
  std::uint32_t rank = 0;
  std::int32_t position = 0;  // index of the left symbol
  TokenId result = kNoToken;

  // std::priority_queue gives the largest: here the lowest rank, leftmost.
  bool operator<(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : position > other.position;
  }
};

// The list of symbols and the heap of their possible merges.
class Merger {
 public:
  Merger(const MergeTable& merges, std::span<const TokenId> ids)
      : merges_(merges), symbols_(ids.size()) {
    const auto count = static_cast<std::int32_t>(ids.size());
    for (std::int32_t i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      symbols_[at] = {ids[at], i - 1, i + 1 < count ? i + 1 : -1};
    }
    std::vector<Candidate> candidates;
    candidates.reserve(symbols_.size());
    for (std::int32_t i = 0; i + 1 < count; ++i) {
      if (const Merge* merge = MergeAt(i)) {
        candidates.push_back({merge->rank, i, merge->result});
      }
    }
    heap_ = std::priority_queue<Candidate>({}, std::move(candidates));
  }

  void Run() {
    while (!heap_.empty()) {
      const Candidate best = heap_.top();
      heap_.pop();
      // Entries outlive the pairs that they were made for: one counts only if
      // the pair that stands there now gives the same.
      const Merge* merge = MergeAt(best.position);
      if (merge == nullptr || merge->result != best.result) continue;
      MergeRight(best.position, best.result);
      Push(best.position);
      Push(At(best.position).previous);
    }
  }

  void AppendTo(std::vector<TokenId>& out) const {
    for (const Symbol& symbol : symbols_) {
      if (symbol.id != kNoToken) out.push_back(symbol.id);
    }
  }

 private:
  Symbol& At(std::int32_t i) { return symbols_[static_cast<std::size_t>(i)]; }

  // The merge of the symbol at `i` with its right neighbour, if it lives, has
  // one and they merge.
  const Merge* MergeAt(std::int32_t i) {
    const Symbol& left = At(i);
    if (left.id == kNoToken || left.next < 0) return nullptr;
    return merges_.Find(left.id, At(left.next).id);
  }

  void MergeRight(std::int32_t i, TokenId result) {
    Symbol& left = At(i);
    Symbol& right = At(left.next);
    left.id = result;
    left.next = right.next;
    right.id = kNoToken;
    if (left.next >= 0) At(left.next).previous = i;
  }

  void Push(std::int32_t i) {
    if (i < 0) return;
    if (const Merge* merge = MergeAt(i)) {
      heap_.push({merge->rank, i, merge->result});
    }
  }

  const MergeTable& merges_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Candidate> heap_;
};

}  // namespace

Result<Bpe> Bpe::Make(Vocabulary vocabulary, std::span<const MergePair> merges,
                      const std::string& name, const BpeOptions& options) {
  if (merges.size() > Vocabulary::kMaxTokens) {
    return ModelError(
        fmt::format("open: {}: tokenizer: {} merges, at most {} are "
                    "supported; check the file",
                    name, merges.size(), Vocabulary::kMaxTokens));
  }
  MergeTable table(merges.size());
  MergeReader reader(vocabulary, name, table);
  constexpr std::size_t kGroup = MergeReader::kGroup;
  for (std::size_t rank = 0; rank < merges.size(); rank += kGroup) {
    const std::size_t count = std::min(kGroup, merges.size() - rank);
    PELLUCID_RETURN_IF_ERROR(reader.Add(merges.subspan(rank, count), rank));
  }
  if (options.unknown && !vocabulary.Find(*options.unknown)) {
    return ModelError(
        fmt::format("open: {}: tokenizer: its unknown token \"{}\" is not in "
                    "the vocabulary; get the file again",
                    name, Quote(*options.unknown)));
  }
  return Bpe(std::move(vocabulary), std::move(table), options);
}

Bpe::Bpe(Vocabulary vocabulary, MergeTable merges, const BpeOptions& options)
    : vocabulary_(std::move(vocabulary)),
      merges_(std::move(merges)),
      byte_level_(options.byte_level),
      fuse_unknown_(options.fuse_unknown),
      unknown_(options.unknown
                   ? vocabulary_.Find(*options.unknown).value_or(kNoToken)
                   : kNoToken) {
  for (unsigned byte = 0; byte < byte_tokens_.size(); ++byte) {
    std::string text;
    AppendUtf8(ByteCharacter(static_cast<std::uint8_t>(byte)), text);
    byte_tokens_[byte] = vocabulary_.Find(text).value_or(kNoToken);
  }
  for (std::size_t i = 0; i < vocabulary_.size(); ++i) {
    longest_token_ = std::max(longest_token_,
                              vocabulary_.Text(static_cast<TokenId>(i)).size());
  }
}

std::size_t Bpe::Symbols(std::string_view piece,
                         std::span<TokenId> symbols) const {
  std::size_t count = 0;
  bool after_unknown = false;
  const auto add = [&](TokenId id) {
    const bool is_unknown = id == kNoToken;
    if (is_unknown) id = unknown_;
    const bool fused = is_unknown && after_unknown && fuse_unknown_;
    if (id != kNoToken && !fused) symbols[count++] = id;
    after_unknown = is_unknown;
  };
  if (byte_level_) {
    for (const char byte : piece) {
      add(byte_tokens_[static_cast<std::uint8_t>(byte)]);
    }
    return count;
  }
  for (std::size_t i = 0; i < piece.size();) {
    const std::size_t bytes = DecodeUtf8(piece, i).bytes;
    add(vocabulary_.Find(piece.substr(i, bytes)).value_or(kNoToken));
    i += bytes;
  }
  return count;
}

void Bpe::Encode(std::string_view piece, std::vector<TokenId>& out) const {
  if (piece.size() <= kShort) {
    std::array<TokenId, kShort> symbols;
    const std::size_t count = Symbols(piece, symbols);
    EncodeShort(std::span(symbols).first(count), out);
  } else {
    std::vector<TokenId> symbols(piece.size());
    const std::size_t count = Symbols(piece, symbols);
    EncodeLong(std::span(symbols).first(count), out);
  }
}

std::optional<TokenId> Bpe::WholePiece(std::string_view piece) const {
  if (piece.size() > longest_token_) return std::nullopt;
  if (!byte_level_) return vocabulary_.Find(piece);
  std::string text;
  AppendAlphabet(piece, text);
  return vocabulary_.Find(text);
}

// Scans the ranks of all adjacent pairs for each merge.
void Bpe::EncodeShort(std::span<TokenId> symbols,
                      std::vector<TokenId>& out) const {
  std::array<Merge, kShort> merges;  // of symbols i and i + 1
  std::size_t count = symbols.size();
  const auto look_up = [&](std::size_t i) {
    const Merge* merge = merges_.Find(symbols[i], symbols[i + 1]);
    merges[i] = merge == nullptr ? Merge{kNoMerge, kNoToken} : *merge;
  };
  for (std::size_t i = 0; i + 1 < count; ++i) look_up(i);
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i) {
      if (merges[i].rank < merges[best].rank) best = i;
    }
    if (merges[best].rank == kNoMerge) break;
    symbols[best] = merges[best].result;
    for (std::size_t i = best + 1; i + 1 < count; ++i) {
      symbols[i] = symbols[i + 1];
      merges[i] = merges[i + 1];
    }
    --count;
    if (best > 0) look_up(best - 1);
    if (best + 1 < count) look_up(best);
  }
  out.insert(out.end(), symbols.begin(),
             symbols.begin() + static_cast<std::ptrdiff_t>(count));
}

void Bpe::EncodeLong(std::span<const TokenId> symbols,
                     std::vector<TokenId>& out) const {
  Merger merger(merges_, symbols);
  merger.Run();
  merger.AppendTo(out);
}

}  // namespace pellucid
