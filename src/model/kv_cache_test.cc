#include "model/kv_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "testutil/noise.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

ArchSpec Spec(std::size_t context) {
  ArchSpec spec;
  spec.n_layers = 3;
  spec.n_kv_heads = 2;
  spec.head_dim = 5;
  spec.context_length = context;
  return spec;
}

// Rows of all heads, [tokens, 2 * 5].
std::vector<float> Rows(std::size_t tokens, std::uint64_t seed) {
  return testutil::Noise(tokens * 10, seed);
}

// Stores rows `first` .. of `keys` and `values` in every layer, and takes them
// as held.
void Put(KvCache& cache, const std::vector<float>& keys,
         const std::vector<float>& values, std::size_t first,
         std::size_t count) {
  ASSERT_EQ(cache.length(), first);
  ASSERT_TRUE(cache.Reserve(count).ok());
  for (std::size_t i = 0; i < 3; ++i) {
    cache.layer(i).Store(first, {&keys[first * 10], count, 10},
                         {&values[first * 10], count, 10});
  }
  cache.Extend(count);
}

void ExpectHolds(KvCache& cache, const std::vector<float>& keys,
                 const std::vector<float>& values) {
  const std::size_t tokens = cache.length();
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t head = 0; head < 2; ++head) {
      const auto k = cache.layer(i).Keys(head, 0, tokens);
      const auto v = cache.layer(i).Values(head, 0, tokens);
      for (std::size_t t = 0; t < tokens; ++t) {
        for (std::size_t d = 0; d < 5; ++d) {
          ASSERT_EQ(k.At(t, d), keys[t * 10 + head * 5 + d]) << t;
          ASSERT_EQ(v.Row(t)[d], values[t * 10 + head * 5 + d]) << t;
        }
      }
    }
  }
}

TEST(KvCacheTest, TakesNoMemoryUntilItIsAsked) {
  const KvCache cache(Spec(std::numeric_limits<std::size_t>::max()));
  EXPECT_EQ(cache.length(), 0u);
  EXPECT_EQ(cache.capacity(), 0u);
}

TEST(KvCacheTest, HoldsWhatWasStoredThroughGrowth) {
  constexpr std::size_t kTokens = 1000;
  const auto keys = Rows(kTokens, 1), values = Rows(kTokens, 2);
  KvCache cache(Spec(4096));
  for (const std::size_t count : {1u, 15u, 1u, 239u, 1u, 300u, 443u}) {
    Put(cache, keys, values, cache.length(), count);
    ExpectHolds(cache, keys, values);
  }
  EXPECT_EQ(cache.length(), kTokens);
}

TEST(KvCacheTest, GrowsInPiecesByAQuarterAtLeastAndUpToTheContext) {
  KvCache cache(Spec(3001));
  const auto capacity_for = [&](std::size_t tokens) {
    EXPECT_TRUE(cache.Reserve(tokens - cache.length()).ok());
    cache.Extend(tokens - cache.length());
    return cache.capacity();
  };
  EXPECT_EQ(capacity_for(1), 256u);
  EXPECT_EQ(capacity_for(256), 256u);
  EXPECT_EQ(capacity_for(257), 512u);
  EXPECT_EQ(capacity_for(2048), 2048u);
  EXPECT_EQ(capacity_for(2049), 2560u);
  // Its blocks of 16 go beyond the context, but its tokens do not.
  EXPECT_EQ(capacity_for(3001), 3008u);
  EXPECT_FALSE(cache.Reserve(1).ok());
}

TEST(KvCacheTest, WhatIsForgottenIsStoredAnew) {
  const auto keys = Rows(40, 3), values = Rows(40, 4);
  const auto other_keys = Rows(40, 5), other_values = Rows(40, 6);
  KvCache cache(Spec(64));
  Put(cache, keys, values, 0, 23);
  Put(cache, other_keys, other_values, 23, 17);
  cache.Truncate(23);
  EXPECT_EQ(cache.length(), 23u);
  Put(cache, keys, values, 23, 17);
  ExpectHolds(cache, keys, values);
}

// Attention multiplies whole blocks: what no token fills must be numbers.
TEST(KvCacheTest, ABlocksOtherPlacesAreZero) {
  const auto keys = Rows(20, 7), values = Rows(20, 8);
  KvCache cache(Spec(64));
  Put(cache, keys, values, 0, 18);
  const auto all = cache.layer(1).Keys(1, 0, 32);
  for (std::size_t t = 18; t < 32; ++t) {
    for (std::size_t d = 0; d < 5; ++d) EXPECT_EQ(all.At(t, d), 0.0f);
  }
}

TEST(KvCacheTest, RefusesMoreThanTheContext) {
  const auto keys = Rows(10, 9), values = Rows(10, 10);
  KvCache cache(Spec(12));
  Put(cache, keys, values, 0, 10);
  const Status refused = cache.Reserve(3);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUsage);
  EXPECT_EQ(refused.error().message,
            "run: KV cache: 3 more tokens behind 10, but the model's context "
            "is 12; run fewer");
  EXPECT_FALSE(cache.Reserve(std::numeric_limits<std::size_t>::max()).ok());
  EXPECT_TRUE(cache.Reserve(2).ok());
  ExpectHolds(cache, keys, values);
}

TEST(KvCacheTest, MoreBytesThanCanBeCountedAreAnError) {
  const auto keys = Rows(10, 11), values = Rows(10, 12);
  KvCache cache(Spec(std::numeric_limits<std::size_t>::max()));
  Put(cache, keys, values, 0, 10);
  for (const std::size_t count :
       {std::numeric_limits<std::size_t>::max() - 10,
        std::numeric_limits<std::size_t>::max() / 20}) {
    const Status refused = cache.Reserve(count);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kFailed);
    EXPECT_THAT(refused.error().message, HasSubstr("more than memory can be"));
  }
  ExpectHolds(cache, keys, values);
}

}  // namespace
}  // namespace pellucid
