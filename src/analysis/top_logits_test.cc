#include "analysis/top_logits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "kernels/canonical.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

std::vector<TopLogit> SortedWhole(const std::vector<float>& logits,
                                  std::size_t count) {
  std::vector<TopLogit> all;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    all.push_back({logits[i], static_cast<TokenId>(i)});
  }
  std::sort(all.begin(), all.end());
  all.resize(std::min(count, all.size()));
  return all;
}

std::vector<TopLogit> Kept(const std::vector<float>& logits, std::size_t k) {
  TopHeap heap(k);
  for (std::size_t i = 0; i < logits.size(); i += kernels::kVocabBlock) {
    const std::size_t count = std::min(kernels::kVocabBlock, logits.size() - i);
    heap.Offer(std::span(logits).subspan(i, count), i);
  }
  return BestFirst({heap.kept().begin(), heap.kept().end()}, k);
}

// Few values, so that ties are at every rank, also at the last that is kept.
TEST(TopLogitsTest, KeepsWhatSortingAllWouldTiesByTheLowerId) {
  for (const std::size_t size : {1u, 5u, 63u, 64u, 65u, 300u}) {
    for (const std::size_t k : {1u, 2u, 5u, 64u, 70u, 400u}) {
      for (std::uint64_t seed = 0; seed < 10; ++seed) {
        std::vector<float> logits = testutil::Noise(size, seed);
        for (float& z : logits) z = std::round(z * 5);
        EXPECT_EQ(Kept(logits, k), SortedWhole(logits, k))
            << size << " logits, best " << k << ", seed " << seed;
      }
    }
  }
}

// As in a second chunk, when a first has k that are not below the floor.
TEST(TopLogitsTest, WhatIsBelowTheFloorIsLeftOut) {
  const std::vector<float> logits = {3, 1, 2, 5, 2, 4};
  TopHeap heap(4, 2.0f);
  EXPECT_TRUE(heap.MayEnter(2));
  EXPECT_FALSE(heap.MayEnter(1));
  heap.Offer(std::span(logits).first(3), 0);
  EXPECT_FALSE(heap.full());
  EXPECT_EQ(heap.worst(), 2);
  heap.Offer(std::span(logits).last(3), 3);
  EXPECT_TRUE(heap.full());
  EXPECT_EQ(BestFirst({heap.kept().begin(), heap.kept().end()}, 4),
            (std::vector<TopLogit>{{5, 3}, {4, 5}, {3, 0}, {2, 2}}));
  EXPECT_FALSE(heap.MayEnter(2));
}

TEST(TopLogitsTest, InfinitiesAreLogitsAndNanIsNone) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> logits(64, -kInfinity);
  logits[7] = kInfinity;
  logits[40] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(Kept(logits, 2),
            (std::vector<TopLogit>{{kInfinity, 7}, {-kInfinity, 0}}));
}

}  // namespace
}  // namespace pellucid
