#include "analysis/random_tokens.h"

#include <fmt/format.h>

#include <unordered_map>

#include "base/random.h"

namespace pellucid {
namespace {

// The first steps of a shuffle of 0 .. count - 1 (Fisher & Yates), of which
// only what has moved is kept.
class Shuffle {
 public:
  explicit Shuffle(std::size_t count) : count_(count) {}

  std::size_t left() const { return count_ - next_; }

  // Swaps the item at `next + offset` to the place that is next.
  std::size_t Take(std::size_t offset) {
    const std::size_t at = next_ + offset;
    const std::size_t taken = ItemAt(at);
    moved_[at] = ItemAt(next_);
    ++next_;
    return taken;
  }

 private:
  std::size_t ItemAt(std::size_t at) const {
    const auto found = moved_.find(at);
    return found == moved_.end() ? at : found->second;
  }

  std::size_t count_, next_ = 0;
  std::unordered_map<std::size_t, std::size_t> moved_;
};

}  // namespace

Result<std::vector<TokenId>> DrawTokens(const RandomTokensSpec& spec,
                                        std::size_t sequence) {
  Shuffle shuffle(spec.candidates);
  std::vector<TokenId> drawn;
  for (std::uint32_t i = 0; drawn.size() < spec.count; ++i) {
    if (shuffle.left() == 0) {
      return UsageError(fmt::format(
          "draw tokens: vocabulary: {} different tokens are wanted, but it has "
          "{} that are not special; give fewer random tokens",
          spec.count, drawn.size()));
    }
    const std::uint64_t word = Philox(
        {i, static_cast<std::uint32_t>(sequence), 0, kRandomTokensStream},
        spec.seed)[0];
    // A word's share of 2^32 as an index: with 2^18 ids no id is more than
    // 2^-14 likelier than another.
    const auto id =
        static_cast<TokenId>(shuffle.Take(word * shuffle.left() >> 32));
    if (!spec.left_out || !spec.left_out(id)) drawn.push_back(id);
  }
  return drawn;
}

}  // namespace pellucid
