#include "kernels/scores.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/reference/linear.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;

constexpr float kUntouched = -7.0f;

// Random queries and keys, these both by rows and in blocks.
struct Inputs {
  std::size_t n_queries, n_keys, head_dim;
  std::vector<float> q, k, blocks;

  Inputs(std::size_t queries, std::size_t keys, std::size_t dim,
         float scale = 1.0f)
      : n_queries(queries),
        n_keys(keys),
        head_dim(dim),
        q(testutil::Noise(queries * dim, /*seed=*/queries)),
        k(testutil::Noise(keys * dim, /*seed=*/keys + 100)),
        blocks(KeyBlockCount(keys) * kKeysInBlock * dim) {
    for (float& x : q) x *= scale;
    const KeyBlocks view(blocks.data(), keys, dim);
    for (std::size_t t = 0; t < keys; ++t) {
      for (std::size_t d = 0; d < dim; ++d) view.At(t, d) = k[t * dim + d];
    }
  }
  std::size_t Stride() const { return KeyBlockCount(n_keys) * kKeysInBlock; }
};

// Scores of blocks [begin, end), [queries, stride].
std::vector<float> ScoresOf(const Inputs& in, std::size_t begin,
                            std::size_t end) {
  std::vector<float> out(in.n_queries * in.Stride(), kUntouched);
  Scores({in.q.data(), in.n_queries, in.head_dim},
         {in.blocks.data(), in.n_keys, in.head_dim}, begin, end, 0.37f,
         {out.data(), in.n_queries, in.n_keys, in.Stride()});
  return out;
}

// Compares blocks [begin, end) with plain dots of rows, and that no other place
// of any row is written.
void ExpectDots(const Inputs& in, std::size_t begin, std::size_t end) {
  const std::vector<float> out = ScoresOf(in, begin, end);
  for (std::size_t i = 0; i < in.n_queries; ++i) {
    for (std::size_t t = 0; t < in.Stride(); ++t) {
      const float score = out[i * in.Stride() + t];
      if (t < begin * kKeysInBlock || t >= end * kKeysInBlock) {
        ASSERT_EQ(score, kUntouched);
      } else if (t < in.n_keys) {
        const float dot = reference::Dot({&in.q[i * in.head_dim], in.head_dim},
                                         {&in.k[t * in.head_dim], in.head_dim});
        ASSERT_EQ(Bits(score), Bits(dot * 0.37f)) << i << " " << t;
      }
    }
  }
}

class ScoresTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(ScoresTest);

TEST_P(ScoresTest, AreScaledCanonicalDotsForEveryHeadSize) {
  for (std::size_t head_dim = 1; head_dim <= 132; ++head_dim) {
    SCOPED_TRACE(::testing::Message() << "head_dim=" << head_dim);
    ExpectDots(Inputs(5, 23, head_dim), 0, 2);
  }
}

TEST_P(ScoresTest, ForEveryNumberOfQueriesAndBlocks) {
  for (std::size_t queries = 1; queries <= 9; ++queries) {
    for (std::size_t blocks = 1; blocks <= 11; ++blocks) {
      SCOPED_TRACE(::testing::Message() << queries << " by " << blocks);
      const Inputs in(queries, 16 * blocks - 3, 20);
      ExpectDots(in, 0, blocks);
      ExpectDots(in, blocks / 2, blocks);
    }
  }
}

// Products so small that they round to -0, which added zeros turn into 0.
TEST_P(ScoresTest, KeepTheSignsOfZeros) {
  for (std::size_t head_dim = 1; head_dim <= 33; ++head_dim) {
    ExpectDots(Inputs(4, 40, head_dim, 1e-40f), 0, 3);
    ExpectDots(Inputs(1, 40, head_dim, -0.0f), 0, 3);
    Inputs tiny(4, 40, head_dim, 1e-30f);
    for (float& x : tiny.k) x *= 1e-30f;
    for (float& x : tiny.blocks) x *= 1e-30f;
    ExpectDots(tiny, 0, 3);
  }
}

TEST_P(ScoresTest, NonFiniteKeysSpoilTheirOwnScoresOnly) {
  Inputs in(4, 40, 24);
  KeyBlocks(in.blocks.data(), 40, 24).At(21, 3) = std::nanf("");
  KeyBlocks(in.blocks.data(), 40, 24).At(22, 3) =
      std::numeric_limits<float>::infinity();
  const std::vector<float> out = ScoresOf(in, 0, 3);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t t = 0; t < 40; ++t) {
      const bool spoilt = t == 21 || t == 22;
      EXPECT_EQ(std::isfinite(out[i * in.Stride() + t]), !spoilt);
    }
  }
}

}  // namespace
}  // namespace pellucid::kernels
