#include "tokenizer/score_merges.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <tuple>

#include "base/utf8.h"

namespace pellucid {
namespace {

// Longer tokens are made by added tokens, if at all: the cuts of one token are
// looked up in time that grows with the square of its length.
constexpr std::size_t kLongest = 256;  // bytes

// Tokens whose parts are looked up together.
constexpr std::size_t kGroup = 64;

// A token cut in two.
struct Cut {
  std::uint32_t token = 0;
  std::uint16_t left_bytes = 0;
  std::uint16_t left_characters = 0, right_characters = 0;
};

// A cut whose parts are tokens.
struct Pair {
  MergeIds merge;
  Cut cut;
};

// Ids by falling score; of equal scores the lower id first.
std::vector<std::uint32_t> ByScore(std::span<const float> scores) {
  std::vector<std::uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    return scores[a] > scores[b];
  };
  // Most files list their tokens so.
  if (!std::is_sorted(order.begin(), order.end(), before)) {
    std::stable_sort(order.begin(), order.end(), before);
  }
  return order;
}

// Appends the cuts of `text` between characters, the longest left part first.
void AppendCuts(std::string_view text, std::uint32_t token,
                std::vector<Cut>& cuts) {
  if (text.size() > kLongest || FirstInvalidUtf8(text)) return;
  const std::size_t first = cuts.size();
  std::uint16_t characters = 0;  // of the text
  for (std::size_t at = 0; at < text.size();) {
    if (at > 0) {
      cuts.push_back({token, static_cast<std::uint16_t>(at), characters, 0});
    }
    at += DecodeUtf8(text, at).bytes;
    ++characters;
  }
  const auto begin = cuts.begin() + static_cast<std::ptrdiff_t>(first);
  for (auto cut = begin; cut != cuts.end(); ++cut) {
    cut->right_characters =
        static_cast<std::uint16_t>(characters - cut->left_characters);
  }
  std::reverse(begin, cuts.end());
}

// Looks up the parts of cuts, which are emptied, and appends the pairs.
class PairFinder {
 public:
  explicit PairFinder(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  void Append(std::vector<Cut>& cuts, std::vector<Pair>& pairs) {
    LookUp(cuts, [this](const Cut& cut) {
      return TextOf(cut).substr(0, cut.left_bytes);
    });
    left_.clear();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < cuts.size(); ++i) {
      if (ids_[i] < 0) continue;
      cuts[kept++] = cuts[i];
      left_.push_back(ids_[i]);
    }
    cuts.resize(kept);
    LookUp(cuts, [this](const Cut& cut) {
      return TextOf(cut).substr(cut.left_bytes);
    });
    for (std::size_t i = 0; i < cuts.size(); ++i) {
      if (ids_[i] < 0) continue;
      pairs.push_back({{left_[i], ids_[i], ResultOf(cuts[i])}, cuts[i]});
    }
    cuts.clear();
  }

 private:
  std::string_view TextOf(const Cut& cut) const {
    return vocabulary_.Text(static_cast<TokenId>(cut.token));
  }

  // Of equal tokens the last is the one that is found.
  TokenId ResultOf(const Cut& cut) const {
    const auto token = static_cast<TokenId>(cut.token);
    if (!vocabulary_.duplicate()) return token;
    return vocabulary_.Find(TextOf(cut)).value_or(token);
  }

  // Sets ids_[i] to the token that is part(cuts[i]), or to -1.
  template <typename Part>
  void LookUp(std::span<const Cut> cuts, const Part& part) {
    texts_.clear();
    for (const Cut& cut : cuts) texts_.push_back(part(cut));
    ids_.resize(cuts.size());
    vocabulary_.FindMany(texts_, ids_);
  }

  const Vocabulary& vocabulary_;
  std::vector<std::string_view> texts_;
  std::vector<TokenId> ids_, left_;
};

// Sorts the pairs of each row of tokens with equal scores.
void SortTies(std::span<const float> scores, std::vector<Pair>& pairs) {
  const auto score = [&](const Pair& pair) { return scores[pair.cut.token]; };
  for (auto begin = pairs.begin(); begin != pairs.end();) {
    const auto end = std::find_if(begin, pairs.end(), [&](const Pair& pair) {
      return score(pair) != score(*begin);
    });
    // Those of one token are in order.
    if (begin->cut.token != (end - 1)->cut.token) {
      std::sort(begin, end, [](const Pair& a, const Pair& b) {
        return std::tuple(b.cut.left_characters, b.cut.right_characters,
                          a.cut.token) < std::tuple(a.cut.left_characters,
                                                    a.cut.right_characters,
                                                    b.cut.token);
      });
    }
    begin = end;
  }
}

}  // namespace

std::vector<MergeIds> MergesOfScores(const Vocabulary& vocabulary,
                                     std::span<const float> scores) {
  const std::vector<std::uint32_t> order = ByScore(scores);
  std::vector<Pair> pairs;
  pairs.reserve(2 * order.size());
  PairFinder finder(vocabulary);
  std::vector<Cut> cuts;
  for (std::size_t i = 0; i < order.size(); ++i) {
    AppendCuts(vocabulary.Text(static_cast<TokenId>(order[i])), order[i], cuts);
    if ((i + 1) % kGroup == 0) finder.Append(cuts, pairs);
  }
  finder.Append(cuts, pairs);
  SortTies(scores, pairs);
  std::vector<MergeIds> merges;
  merges.reserve(pairs.size());
  for (const Pair& pair : pairs) merges.push_back(pair.merge);
  return merges;
}

}  // namespace pellucid
