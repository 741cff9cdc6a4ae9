#include "analysis/top_logits.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "kernels/lens_reduce.h"

namespace pellucid {

void TopHeap::Push(float logit, std::size_t id) {
  const TopLogit entry{logit, static_cast<TokenId>(id)};
  if (!full_) {
    kept_.push_back(entry);
    std::push_heap(kept_.begin(), kept_.end());
    full_ = kept_.size() == k_;
  } else {
    std::pop_heap(kept_.begin(), kept_.end());
    kept_.back() = entry;
    std::push_heap(kept_.begin(), kept_.end());
  }
  if (full_) worst_ = kept_.front().logit;
}

void TopHeap::Offer(std::span<const float> logits, std::size_t first) {
  std::size_t i = 0;
  for (; i < logits.size() && !full_; ++i) {
    if (!(logits[i] < worst_)) Push(logits[i], first + i);
  }
  if (i == logits.size()) return;
  // What beats the worst as it is now, and is asked again when it has risen.
  std::uint64_t better = kernels::GreaterMask(logits, worst_) >> i << i;
  for (; better != 0; better &= better - 1) {
    const auto at = static_cast<std::size_t>(std::countr_zero(better));
    if (logits[at] > worst_) Push(logits[at], first + at);
  }
}

std::vector<TopLogit> BestFirst(std::vector<TopLogit> some, std::size_t count) {
  const std::size_t keep = std::min(count, some.size());
  std::partial_sort(some.begin(),
                    some.begin() + static_cast<std::ptrdiff_t>(keep),
                    some.end());
  some.resize(keep);
  some.shrink_to_fit();
  return some;
}

}  // namespace pellucid
