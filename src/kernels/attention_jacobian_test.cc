#include "kernels/attention_jacobian.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/isa.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;
using testutil::Noise;

struct Sizes {
  std::size_t tokens, head_dim, window = 0;
  float softcap = 0;
  bool bias = false;
};

// One head's rows, each with its keys in blocks.
class Rows {
 public:
  Rows(const Sizes& sizes, std::uint64_t seed)
      : sizes_(sizes),
        values(Noise(sizes.tokens * sizes.head_dim, seed)),
        blocks_(KeyBlockCount(sizes.tokens) * kKeysInBlock * sizes.head_dim) {
    const KeyBlocks blocks(blocks_.data(), sizes.tokens, sizes.head_dim);
    for (std::size_t t = 0; t < sizes.tokens; ++t) {
      for (std::size_t d = 0; d < sizes.head_dim; ++d) {
        blocks.At(t, d) = values[t * sizes.head_dim + d];
      }
    }
  }
  ConstMatrixView view() const {
    return {values.data(), sizes_.tokens, sizes_.head_dim};
  }
  MatrixView view() { return {values.data(), sizes_.tokens, sizes_.head_dim}; }
  ConstKeyBlocks blocks() const {
    return {blocks_.data(), sizes_.tokens, sizes_.head_dim};
  }

 private:
  Sizes sizes_;

 public:
  std::vector<float> values;

 private:
  std::vector<float> blocks_;
};

struct Head {
  explicit Head(const Sizes& s)
      : sizes(s), q(s, 1), k(s, 2), v(s, 3), bias(Noise(s.tokens, 4)) {
    for (float& x : q.values) x *= 3;
  }
  AttentionShape shape() const {
    AttentionShape shape{.head_dim = sizes.head_dim,
                         .scale = 0.37f,
                         .window = sizes.window,
                         .softcap = sizes.softcap};
    if (sizes.bias) shape.key_bias = bias;
    return shape;
  }
  HeadRun run() const {
    return {.shape = shape(),
            .q = q.view(),
            .k = k.view(),
            .v = v.view(),
            .key_blocks = k.blocks(),
            .value_blocks = v.blocks(),
            .on_scores = {},
            .on_pattern = {}};
  }

  Sizes sizes;
  Rows q, k, v;
  std::vector<float> bias;
};

std::vector<Sizes> AllSizes() {
  return {{.tokens = 1, .head_dim = 3},
          {.tokens = 7, .head_dim = 5},
          {.tokens = 16, .head_dim = 16},
          {.tokens = 37, .head_dim = 24},
          {.tokens = 70, .head_dim = 8, .window = 9},
          {.tokens = 40, .head_dim = 8, .softcap = 1.5f},
          {.tokens = 35, .head_dim = 6, .window = 20, .bias = true}};
}

struct Gradients {
  Rows dq, dk, dv;
  std::vector<float> scores, pattern;  // [tokens, tokens]
};

Gradients AdjointOf(const Head& head, const Rows& dz, std::size_t copies = 1) {
  const Sizes& s = head.sizes;
  std::vector<Gradients> all;
  std::vector<HeadCotangent> cotangents;
  for (std::size_t c = 0; c < copies; ++c) {
    all.push_back({Rows(s, 7), Rows(s, 8), Rows(s, 9),
                   std::vector<float>(s.tokens * s.tokens),
                   std::vector<float>(s.tokens * s.tokens)});
  }
  const auto keep = [&](std::vector<float>& to) -> AttentionObserver {
    return [&to, &s](std::size_t first, MatrixView rows) {
      for (std::size_t i = 0; i < rows.rows; ++i) {
        std::ranges::copy(
            rows.RowSpan(i),
            to.begin() + static_cast<std::ptrdiff_t>((first + i) * s.tokens));
      }
    };
  };
  const Rows other(s, 33);
  for (std::size_t c = 0; c < copies; ++c) {
    Gradients& g = all[c];
    cotangents.push_back({.dz = c + 1 == copies ? dz.view() : other.view(),
                          .dq = g.dq.view(),
                          .dk = g.dk.view(),
                          .dv = g.dv.view(),
                          .on_scores = keep(g.scores),
                          .on_pattern = keep(g.pattern)});
  }
  AttendHeadAdjoint(head.run(), cotangents);
  return all.back();
}

std::vector<float> TangentOf(const Head& head, const Rows& dq, const Rows& dk,
                             const Rows& dv) {
  Rows dz(head.sizes, 10);
  const HeadTangent tangent{.dq = dq.view(),
                            .dk = dk.blocks(),
                            .dv = dv.view(),
                            .dz = dz.view(),
                            .on_scores = {},
                            .on_pattern = {}};
  AttendHeadTangent(head.run(), {&tangent, 1});
  return dz.values;
}

// Attention in float64, of q + step dq and so on.
std::vector<double> Attend64(const Head& head, double step, const Rows& dq,
                             const Rows& dk, const Rows& dv) {
  const Sizes& s = head.sizes;
  const auto at = [&](const Rows& x, const Rows& dx, std::size_t t,
                      std::size_t d) {
    const std::size_t i = t * s.head_dim + d;
    return double{x.values[i]} + step * double{dx.values[i]};
  };
  std::vector<double> z(s.tokens * s.head_dim);
  for (std::size_t q = 0; q < s.tokens; ++q) {
    const std::size_t first =
        s.window > 0 && q >= s.window ? q + 1 - s.window : 0;
    std::vector<double> p;
    double sum = 0;
    for (std::size_t k = first; k <= q; ++k) {
      double score = 0;
      for (std::size_t d = 0; d < s.head_dim; ++d) {
        score += at(head.q, dq, q, d) * at(head.k, dk, k, d);
      }
      score *= double{head.shape().scale};
      const double cap = s.softcap;
      if (cap != 0) score = cap * std::tanh(score / cap);
      if (s.bias) score += double{head.bias[k]};
      p.push_back(std::exp(score));
      sum += p.back();
    }
    for (std::size_t k = first; k <= q; ++k) {
      for (std::size_t d = 0; d < s.head_dim; ++d) {
        z[q * s.head_dim + d] += p[k - first] / sum * at(head.v, dv, k, d);
      }
    }
  }
  return z;
}

double Dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += double{a[i]} * double{b[i]};
  }
  return sum;
}

class AttentionJacobianTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(AttentionJacobianTest);

TEST_P(AttentionJacobianTest, EqualsThePlainLoops) {
  for (const Sizes& sizes : AllSizes()) {
    SCOPED_TRACE(::testing::Message() << sizes.tokens << " tokens");
    const Head head(sizes);
    const Rows dz(sizes, 5), dq(sizes, 6), dk(sizes, 7), dv(sizes, 8);
    const Gradients g = AdjointOf(head, dz);
    const std::vector<float> tangent = TangentOf(head, dq, dk, dv);
    const Isa isa = CurrentIsa();
    ASSERT_TRUE(SelectIsa(Isa::kReference).ok());
    const Gradients plain = AdjointOf(head, dz);
    const std::vector<float> plain_tangent = TangentOf(head, dq, dk, dv);
    ASSERT_TRUE(SelectIsa(isa).ok());
    EXPECT_EQ(Bits(g.dq.values), Bits(plain.dq.values));
    EXPECT_EQ(Bits(g.dk.values), Bits(plain.dk.values));
    EXPECT_EQ(Bits(g.dv.values), Bits(plain.dv.values));
    EXPECT_EQ(Bits(g.pattern), Bits(plain.pattern));
    EXPECT_EQ(Bits(g.scores), Bits(plain.scores));
    EXPECT_EQ(Bits(tangent), Bits(plain_tangent));
  }
}

// The central difference of step h is off by h^2 times third derivatives, about
// 1e-8 here, and by rounding, 1e-16 / h; sums of some thousand float32 products
// of numbers below 10 by less than 1e-3 of their size.
TEST_P(AttentionJacobianTest, TangentIsTheDifferenceInDoublePrecision) {
  constexpr double kStep = 1e-5;
  for (const Sizes& sizes : AllSizes()) {
    SCOPED_TRACE(::testing::Message() << sizes.tokens << " tokens");
    const Head head(sizes);
    const Rows dq(sizes, 6), dk(sizes, 7), dv(sizes, 8);
    const std::vector<float> tangent = TangentOf(head, dq, dk, dv);
    const auto above = Attend64(head, kStep, dq, dk, dv);
    const auto below = Attend64(head, -kStep, dq, dk, dv);
    for (std::size_t i = 0; i < tangent.size(); ++i) {
      const double slope = (above[i] - below[i]) / (2 * kStep);
      EXPECT_NEAR(tangent[i], slope, 1e-5 * std::max(1.0, std::abs(slope)));
    }
  }
}

TEST_P(AttentionJacobianTest, AdjointIsTheTransposeOfTheTangent) {
  for (const Sizes& sizes : AllSizes()) {
    SCOPED_TRACE(::testing::Message() << sizes.tokens << " tokens");
    const Head head(sizes);
    const Rows dz(sizes, 5), dq(sizes, 6), dk(sizes, 7), dv(sizes, 8);
    const Gradients g = AdjointOf(head, dz);
    const double forward = Dot(TangentOf(head, dq, dk, dv), dz.values);
    const double backward = Dot(g.dq.values, dq.values) +
                            Dot(g.dk.values, dk.values) +
                            Dot(g.dv.values, dv.values);
    EXPECT_NEAR(forward, backward,
                1e-5 * std::sqrt(Dot(dz.values, dz.values)) *
                    static_cast<double>(sizes.head_dim));
  }
}

TEST_P(AttentionJacobianTest, CopiesDoNotDependOnOneAnother) {
  const Head head({.tokens = 37, .head_dim = 24, .window = 11});
  const Rows dz(head.sizes, 5);
  const Gradients alone = AdjointOf(head, dz), third = AdjointOf(head, dz, 3);
  EXPECT_EQ(Bits(alone.dq.values), Bits(third.dq.values));
  EXPECT_EQ(Bits(alone.dk.values), Bits(third.dk.values));
  EXPECT_EQ(Bits(alone.dv.values), Bits(third.dv.values));
  EXPECT_EQ(Bits(alone.scores), Bits(third.scores));
}

TEST_P(AttentionJacobianTest, UnseenKeysHaveNone) {
  const Head head({.tokens = 40, .head_dim = 8, .window = 9});
  const Gradients g = AdjointOf(head, Rows(head.sizes, 5));
  for (std::size_t q = 0; q < 40; ++q) {
    for (std::size_t k = 0; k < 40; ++k) {
      const bool seen = k <= q && q < k + 9;
      EXPECT_EQ(g.pattern[q * 40 + k] != 0, seen) << q << ", " << k;
      if (!seen) {
        EXPECT_EQ(g.scores[q * 40 + k], 0) << q << ", " << k;
      }
    }
  }
}

}  // namespace
}  // namespace pellucid::kernels
