#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/math.h"
#include "kernels/reference/attention.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Random q, k, v of one head inside wider matrices.
struct Head {
  std::size_t tokens, head_dim, stride;
  std::vector<float> q, k, v;

  Head(std::size_t t, std::size_t d, float scale = 3.0f)
      : tokens(t),
        head_dim(d),
        stride(d + 3),
        q(testutil::Noise(t * stride, /*seed=*/11)),
        k(testutil::Noise(t * stride, /*seed=*/12)),
        v(testutil::Noise(t * stride, /*seed=*/13)) {
    for (float& x : q) x *= scale;
  }
  ConstMatrixView View(const std::vector<float>& x) const {
    return {x.data(), tokens, head_dim, stride};
  }
  // The keys in blocks, what fills the last up being 0.
  std::vector<float> Blocks() const {
    std::vector<float> out(KeyBlockCount(tokens) * kKeysInBlock * head_dim);
    const KeyBlocks blocks(out.data(), tokens, head_dim);
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t d = 0; d < head_dim; ++d) {
        blocks.At(t, d) = k[t * stride + d];
      }
    }
    return out;
  }
};

// Queries [begin, end) are counted by position, and are all that AttendHead
// works on of those from `past` on.
struct Call {
  std::size_t window = 0;
  float softcap = 0;
  std::vector<float> key_bias = {};  // [tokens], or empty
  std::size_t begin = 0;
  std::size_t end = std::numeric_limits<std::size_t>::max();  // all queries
  std::size_t past = 0;
  AttentionObserver on_scores = nullptr;
  AttentionObserver on_pattern = nullptr;
};

// Rows [begin, end) of the output, [rows, head_dim], by `attend`.
template <typename Attend>
std::vector<float> Run(Attend attend, const Head& head, const Call& call) {
  const AttentionShape shape{.head_dim = head.head_dim,
                             .scale = 0.37f,
                             .window = call.window,
                             .softcap = call.softcap,
                             .key_bias = call.key_bias};
  const std::size_t end = std::min(call.end, head.tokens);
  std::vector<float> out(head.tokens * head.head_dim, -7.0f);
  const std::vector<float> keys = head.Blocks();
  const std::size_t queries = head.tokens - call.past;
  attend(shape, head.View(head.q).Rows(call.past, queries),
         ConstKeyBlocks(keys.data(), head.tokens, head.head_dim),
         head.View(head.v), call.begin - call.past, end - call.past,
         call.on_scores, call.on_pattern,
         MatrixView(out.data(), head.tokens, head.head_dim)
             .Rows(call.past, queries));
  for (std::size_t i = 0; i < head.tokens; ++i) {
    if (call.begin <= i && i < end) continue;
    for (std::size_t d = 0; d < head.head_dim; ++d) {
      EXPECT_EQ(out[i * head.head_dim + d], -7.0f) << "query " << i;
    }
  }
  const auto row = [&](std::size_t i) {
    return out.begin() + static_cast<std::ptrdiff_t>(i * head.head_dim);
  };
  return {row(call.begin), row(end)};
}

std::vector<float> Fast(const Head& head, const Call& call = {}) {
  return Run(AttendHead, head, call);
}
std::vector<float> Plain(const Head& head, const Call& call = {}) {
  return Run(reference::AttendHead, head, call);
}

class AttentionTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(AttentionTest);

TEST_P(AttentionTest, EqualsReferenceForEveryLength) {
  for (std::size_t tokens = 1; tokens <= 68; ++tokens) {
    for (const std::size_t window : {0u, 1u, 2u, 3u, 5u, 16u, 17u, 40u}) {
      SCOPED_TRACE(::testing::Message() << tokens << " window " << window);
      const Head head(tokens, 20);
      EXPECT_EQ(Bits(Fast(head, {.window = window})),
                Bits(Plain(head, {.window = window})));
    }
  }
}

TEST_P(AttentionTest, EqualsReferenceForEveryHeadSize) {
  for (std::size_t head_dim = 1; head_dim <= 132; ++head_dim) {
    SCOPED_TRACE(::testing::Message() << "head_dim=" << head_dim);
    const Head head(23, head_dim);
    EXPECT_EQ(Bits(Fast(head)), Bits(Plain(head)));
  }
}

TEST_P(AttentionTest, EqualsReferenceOnLargeAndSmallNumbers) {
  for (const float scale : {22517.0f, 1e-20f, 1e-40f, 0.0f}) {
    const Head head(40, 24, scale);
    EXPECT_EQ(Bits(Fast(head)), Bits(Plain(head))) << scale;
  }
}

TEST_P(AttentionTest, LongSequencesEqualTheReferenceAtTheirEnd) {
  const Head head(1500, 16);
  for (const std::size_t window : {0u, 700u}) {
    const Call call{.window = window, .begin = 1490};
    EXPECT_EQ(Bits(Fast(head, call)), Bits(Plain(head, call)));
  }
}

TEST_P(AttentionTest, ARowDoesNotDependOnTheOthersOfTheCall) {
  const Head head(50, 24);
  const auto all = Fast(head);
  for (std::size_t begin = 0; begin < 50; ++begin) {
    for (const std::size_t count : {1u, 3u, 4u, 17u}) {
      const std::size_t end = std::min<std::size_t>(begin + count, 50);
      const auto part = Fast(head, {.begin = begin, .end = end});
      EXPECT_TRUE(
          std::equal(part.begin(), part.end(), &all[begin * head.head_dim]));
    }
  }
  EXPECT_TRUE(Fast(head, {.begin = 20, .end = 20}).empty());
}

TEST_P(AttentionTest, EqualsReferenceWithCapAndBias) {
  for (std::size_t tokens = 1; tokens <= 40; ++tokens) {
    const std::vector<float> bias = testutil::Noise(tokens, /*seed=*/14);
    const Head head(tokens, 20);
    for (const std::size_t window : {0u, 3u, 17u}) {
      SCOPED_TRACE(::testing::Message() << tokens << " window " << window);
      for (const Call& call :
           {Call{.window = window, .softcap = 1.5f},
            Call{.window = window, .key_bias = bias},
            Call{.window = window, .softcap = 0.3f, .key_bias = bias}}) {
        const auto fast = Fast(head, call);
        EXPECT_EQ(Bits(fast), Bits(Plain(head, call)));
        if (tokens > 1 && window == 0) {
          EXPECT_NE(Bits(fast), Bits(Fast(head)));
        }
      }
    }
  }
}

// The finished scores of all rows, [tokens, tokens].
std::vector<float> ObservedScores(const Head& head, Call call) {
  std::vector<float> seen(head.tokens * head.tokens);
  call.on_scores = [&](std::size_t first, MatrixView rows) {
    for (std::size_t i = 0; i < rows.rows; ++i) {
      std::ranges::copy(rows.RowSpan(i), &seen[(first + i) * head.tokens]);
    }
  };
  Fast(head, call);
  return seen;
}

TEST_P(AttentionTest, CapComesAfterTheScaleAndBiasAfterTheCap) {
  constexpr std::size_t kTokens = 37;
  const Head head(kTokens, 16);
  const std::vector<float> bias = testutil::Noise(kTokens, /*seed=*/15);
  const auto plain = ObservedScores(head, {.window = 20});
  const auto finished =
      ObservedScores(head, {.window = 20, .softcap = 2.5f, .key_bias = bias});
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const float capped = Tanh(plain[i] / 2.5f) * 2.5f;
    const bool masked = plain[i] == -kInfinity;
    EXPECT_EQ(finished[i], masked ? -kInfinity : capped + bias[i % kTokens]);
  }
}

// Keys that come from elsewhere than the queries' own run.
TEST_P(AttentionTest, QueriesBehindOtherKeysEqualThoseOfTheWhole) {
  const Head head(53, 24);
  for (const std::size_t window : {0u, 9u}) {
    const auto all = Fast(head, {.window = window});
    for (std::size_t past = 0; past < 53; ++past) {
      const Call call{.window = window, .begin = past, .past = past};
      EXPECT_TRUE(std::ranges::equal(Bits(Fast(head, call)),
                                     Bits(std::span(all).subspan(past * 24))));
      EXPECT_EQ(Bits(Plain(head, call)), Bits(Fast(head, call)));
    }
  }
}

TEST_P(AttentionTest, ObserversCountQueriesOfTheCallAndKeysOfAll) {
  const Head head(37, 16);
  std::vector<int> seen(7);
  const AttentionObserver look = [&](std::size_t first, MatrixView rows) {
    ASSERT_EQ(rows.cols, 37u);
    for (std::size_t i = 0; i < rows.rows; ++i) {
      ++seen[first + i];
      EXPECT_TRUE(std::isfinite(rows.Row(i)[30 + first + i]));
      if (first + i == 6) continue;  // sees all
      EXPECT_EQ(rows.Row(i)[31 + first + i], -kInfinity);
    }
  };
  Fast(head, {.begin = 30, .past = 30, .on_scores = look});
  EXPECT_EQ(seen, std::vector<int>(7, 1));
}

// What a query does not see may hold anything: it is not multiplied by 0.
TEST_P(AttentionTest, MaskedKeysAreNotTouched) {
  constexpr std::size_t kWindow = 6, kQuery = 30;
  const Head clean(40, 24);
  Head spoilt = clean;
  for (std::size_t i = 0; i < 40; ++i) {
    if (i + kWindow > kQuery && i <= kQuery) continue;
    for (std::size_t d = 0; d < 24; ++d) {
      spoilt.k[i * clean.stride + d] = std::nanf("");
      spoilt.v[i * clean.stride + d] = kInfinity;
    }
  }
  const Call call{.window = kWindow, .begin = kQuery, .end = kQuery + 1};
  EXPECT_EQ(Bits(Fast(spoilt, call)), Bits(Fast(clean, call)));
}

// Equal scores give equal shares: the mean of v over what is visible. The sum
// of n <= 33 terms below 1 in float32 is off by at most 33 * 2^-24.
TEST_P(AttentionTest, EqualScoresGiveTheMean) {
  const Head head(33, 8, /*scale=*/0.0f);
  const auto out = Fast(head);
  for (std::size_t i = 0; i < 33; ++i) {
    for (std::size_t d = 0; d < 8; ++d) {
      double sum = 0;
      for (std::size_t j = 0; j <= i; ++j) sum += head.v[j * head.stride + d];
      EXPECT_NEAR(out[i * 8 + d], sum / static_cast<double>(i + 1),
                  33 * 0x1p-24);
    }
  }
}

TEST_P(AttentionTest, ObserversThatOnlyLookChangeNothing) {
  const Head head(37, 16);
  const AttentionObserver look = [](std::size_t, MatrixView) {};
  EXPECT_EQ(Bits(Fast(head, {.on_scores = look, .on_pattern = look})),
            Bits(Fast(head)));
}

TEST_P(AttentionTest, ObserversSeeEachRowOnceMaskedOutsideItsKeys) {
  static constexpr std::size_t kTokens = 37, kWindow = 21;
  const Head head(kTokens, 16);
  std::vector<float> scores(kTokens * kTokens), pattern = scores;
  const auto keep = [](std::vector<float>& all) {
    return [&all](std::size_t first, MatrixView rows) {
      ASSERT_EQ(rows.cols, kTokens);
      for (std::size_t i = 0; i < rows.rows; ++i) {
        const auto row = rows.RowSpan(i);
        float* to = &all[(first + i) * kTokens];
        for (std::size_t k = 0; k < kTokens; ++k) to[k] += row[k];
      }
    };
  };
  Fast(head, {.window = kWindow,
              .on_scores = keep(scores),
              .on_pattern = keep(pattern)});
  for (std::size_t i = 0; i < kTokens; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < kTokens; ++k) {
      const float score = scores[i * kTokens + k];
      const float p = pattern[i * kTokens + k];
      const bool visible = k <= i && i < k + kWindow;
      EXPECT_EQ(std::isfinite(score), visible) << i << " " << k;
      if (!visible) {
        EXPECT_EQ(score, -kInfinity);
        EXPECT_EQ(Bits(p), Bits(0.0f));
      }
      sum += p;
    }
    EXPECT_NEAR(sum, 1.0, kTokens * 0x1p-24) << i;
  }
}

TEST_P(AttentionTest, WhatObserversWriteIsUsedWhereKeysAreVisible) {
  const Head head(41, 16);
  const auto edit = [](float factor, float masked) {
    return [=](std::size_t first, MatrixView rows) {
      for (std::size_t i = 0; i < rows.rows; ++i) {
        for (std::size_t k = 0; k < rows.cols; ++k) {
          float& value = rows.Row(i)[k];
          const bool odd = (first + i + k) % 2 == 1;
          if (k > first + i) {
            value = masked;
          } else if (odd) {
            value *= factor;
          }
        }
      }
    };
  };
  const Call edited{.on_scores = edit(-2, 1e30f), .on_pattern = edit(0.25, 9)};
  const Call unmasked{.on_scores = edit(-2, -kInfinity),
                      .on_pattern = edit(0.25, 0)};
  EXPECT_EQ(Bits(Fast(head, edited)), Bits(Plain(head, unmasked)));
  EXPECT_NE(Bits(Fast(head, edited)), Bits(Fast(head)));
}

TEST_P(AttentionTest, NonFiniteScoresSpoilTheirOwnRowOnly) {
  const Head head(40, 16);
  const auto clean = Fast(head);
  for (const float bad : {std::nanf(""), kInfinity}) {
    const auto spoil = [&](std::size_t first, MatrixView rows) {
      for (std::size_t i = 0; i < rows.rows; ++i) {
        if (first + i == 21) rows.Row(i)[7] = bad;
      }
    };
    const auto out = Fast(head, {.on_scores = spoil});
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (i / 16 == 21) {
        EXPECT_TRUE(std::isnan(out[i]));
      } else {
        EXPECT_EQ(out[i], clean[i]);
      }
    }
  }
}

// -inf where a key is visible leaves it out, as an edit may want.
TEST_P(AttentionTest, MinusInfinityLeavesAKeyOut) {
  const Head head(30, 16);
  const auto knock_out = [](std::size_t first, MatrixView rows) {
    for (std::size_t i = 0; i < rows.rows; ++i) {
      if (first + i > 3) rows.Row(i)[3] = -kInfinity;
    }
  };
  const auto out = Fast(head, {.on_scores = knock_out});
  EXPECT_EQ(Bits(out), Bits(Plain(head, {.on_scores = knock_out})));
  for (const float value : out) EXPECT_TRUE(std::isfinite(value));
}

}  // namespace
}  // namespace pellucid::kernels
