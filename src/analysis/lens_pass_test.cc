// The streaming pass against a plain computation that stores every logit.
#include "analysis/lens_pass.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/isa.h"
#include "kernels/linear.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

constexpr std::size_t kWidth = 24;

// 4096 + 70 rows: two chunks, a last block that is not full. Few cells, but
// positions with different numbers of rows.
class LensPassTest : public ::testing::Test {
 protected:
  LensPassTest()
      : weights_(testutil::Noise(kVocab * kWidth, 1)),
        cells_data_(testutil::Noise(kCells * kWidth, 2)) {
    for (float& x : cells_data_) x *= 5;  // logits of size 10 or so
    // Two equal rows of the vocabulary make ties.
    std::copy_n(weights_.begin(), kWidth, weights_.begin() + 900 * kWidth);
    model_.unembed = {DType::kF32,
                      reinterpret_cast<const std::byte*>(weights_.data()),
                      kVocab,
                      kWidth,
                      kWidth * sizeof(float),
                      {}};
    cells_.normed = {cells_data_.data(), kCells, kWidth};
    cells_.offsets = {0, 1, 5, 9};
    cells_.watched = {{0, 900}, {}, {4165, 17, 3000}};
  }

  std::vector<DecodedCell> Run(std::size_t threads, std::size_t top_k) {
    const TaskPool pool(threads);
    return RunLensPass(pool, Head(spec_, model_), cells_, {.top_k = top_k}, {},
                       {})
        .value();
  }

  std::vector<DecodedCell> RunFast(std::size_t threads) {
    const TaskPool pool(threads);
    return RunLensPass(pool, Head(spec_, model_), cells_,
                       {.top_k = 7, .precision = LensPrecision::kFast}, {}, {})
        .value();
  }

  std::vector<float> Logits(std::size_t cell) const {
    std::vector<float> out(kVocab);
    for (std::size_t v = 0; v < kVocab; ++v) {
      out[v] = kernels::Dot(cells_.normed.RowSpan(cell),
                            std::span(weights_).subspan(v * kWidth, kWidth));
    }
    return out;
  }

  static constexpr std::size_t kVocab = 4096 + 70;
  static constexpr std::size_t kCells = 9;
  std::vector<float> weights_, cells_data_;
  ArchSpec spec_;
  Weights model_;
  LensCells cells_;
};

double LogSumExp(std::span<const float> z) {
  const double max = *std::ranges::max_element(z);
  double sum = 0;
  for (const float x : z) sum += std::exp(double{x} - max);
  return max + std::log(sum);
}

// Statistics come from float32 exponentials, each within an ULP or two, so a
// mean over them is within a few 2^-24 of its size; 1e-5 leaves room for
// logits of size 30.
TEST_F(LensPassTest, StatisticsEqualThoseOfStoredLogits) {
  const auto decoded = Run(2, 5);
  for (std::size_t p = 0; p + 1 < cells_.offsets.size(); ++p) {
    const std::size_t last = cells_.offsets[p + 1] - 1;
    const std::vector<float> final_row = Logits(last);
    const double final_logz = LogSumExp(final_row);
    for (std::size_t c = cells_.offsets[p]; c <= last; ++c) {
      const std::vector<float> z = Logits(c);
      const double logz = LogSumExp(z);
      double entropy = 0, kl = 0;
      for (std::size_t v = 0; v < kVocab; ++v) {
        const double logp = double{z[v]} - logz;
        const double logf = double{final_row[v]} - final_logz;
        entropy -= std::exp(logp) * logp;
        kl += std::exp(logf) * (logf - logp);
      }
      const kernels::LensStatistics& s = decoded[c].statistics;
      EXPECT_NEAR(s.logz, logz, 1e-5);
      EXPECT_NEAR(s.entropy, entropy, 1e-5);
      EXPECT_NEAR(s.kl_to_final, kl, 1e-5);
      if (c == last) {
        EXPECT_EQ(s.kl_to_final, 0.0);
      }
    }
  }
}

TEST_F(LensPassTest, TopAndRanksAreExact) {
  for (const std::size_t top_k : {std::size_t{1}, std::size_t{7}, kVocab}) {
    const auto decoded = Run(2, top_k);
    for (std::size_t p = 0; p + 1 < cells_.offsets.size(); ++p) {
      for (std::size_t c = cells_.offsets[p]; c < cells_.offsets[p + 1]; ++c) {
        const std::vector<float> z = Logits(c);
        std::vector<std::size_t> order(kVocab);
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::stable_sort(
            order, [&](std::size_t a, std::size_t b) { return z[a] > z[b]; });
        ASSERT_EQ(decoded[c].top.size(), top_k);
        for (std::size_t i = 0; i < top_k; ++i) {
          EXPECT_EQ(decoded[c].top[i].id, static_cast<TokenId>(order[i]));
          EXPECT_EQ(decoded[c].top[i].logit, z[order[i]]);
        }
        for (std::size_t w = 0; w < cells_.watched[p].size(); ++w) {
          const float value = z[static_cast<std::size_t>(cells_.watched[p][w])];
          EXPECT_EQ(decoded[c].watched_logits[w], value);
          EXPECT_EQ(decoded[c].ranks[w],
                    1 + static_cast<std::size_t>(std::ranges::count_if(
                            z, [&](float x) { return x > value; })));
        }
      }
    }
  }
}

TEST_F(LensPassTest, DoesNotDependOnThreads) {
  const auto one = Run(1, 5), many = Run(5, 5);
  for (std::size_t c = 0; c < kCells; ++c) {
    EXPECT_EQ(one[c].statistics.logz, many[c].statistics.logz);
    EXPECT_EQ(one[c].statistics.entropy, many[c].statistics.entropy);
    EXPECT_EQ(one[c].statistics.kl_to_final, many[c].statistics.kl_to_final);
    EXPECT_EQ(one[c].ranks, many[c].ranks);
  }
}

// Bias, scale and cap come between the dots and everything that is kept.
TEST_F(LensPassTest, DecodesTheFinishedLogits) {
  model_.head_bias = testutil::Noise(kVocab, 3);
  spec_.logits = {.multiplier = 0.75f, .divisor = 3, .cap = 2};
  const Head head(spec_, model_);
  const std::vector<DecodedCell> cells = Run(2, 5);
  for (std::size_t c = 0; c < kCells; ++c) {
    std::vector<float> logits = Logits(c);
    head.Finish(0, {logits.data(), 1, kVocab});
    EXPECT_EQ(cells[c].top.front().logit, *std::ranges::max_element(logits));
    double sum = 0;
    for (const float logit : logits) sum += std::exp(double{logit});
    EXPECT_NEAR(cells[c].statistics.logz, std::log(sum), 2e-5);
    const std::size_t place = c < 1 ? 0 : c < 5 ? 1 : 2;
    for (std::size_t w = 0; w < cells_.watched[place].size(); ++w) {
      const float watched =
          logits[static_cast<std::size_t>(cells_.watched[place][w])];
      EXPECT_EQ(cells[c].watched_logits[w], watched);
      EXPECT_EQ(cells[c].ranks[w],
                1u + static_cast<std::size_t>(std::ranges::count_if(
                         logits, [&](float z) { return z > watched; })));
    }
  }
}

// The tokens that are kept have the very logits; sums over all of them are off
// by what is left of some 1e-4 of these logits' size of 10.
TEST_F(LensPassTest, FastKeepsTheSameTokensAndNearlyTheStatistics) {
  const auto exact = Run(2, 7), fast = RunFast(2);
  for (std::size_t p = 0; p + 1 < cells_.offsets.size(); ++p) {
    for (std::size_t c = cells_.offsets[p]; c < cells_.offsets[p + 1]; ++c) {
      EXPECT_EQ(fast[c].top, exact[c].top);
      EXPECT_EQ(fast[c].watched_logits, exact[c].watched_logits);
      const kernels::LensStatistics &a = exact[c].statistics,
                                    &b = fast[c].statistics;
      EXPECT_NEAR(b.logz, a.logz, 1e-4);
      EXPECT_NEAR(b.entropy, a.entropy, 1e-3);
      EXPECT_NEAR(b.kl_to_final, a.kl_to_final, 1e-3);
      if (c + 1 == cells_.offsets[p + 1]) {
        EXPECT_EQ(b.kl_to_final, 0);
      }
      const std::vector<float> z = Logits(c);
      for (std::size_t w = 0; w < cells_.watched[p].size(); ++w) {
        const float own = z[static_cast<std::size_t>(cells_.watched[p][w])];
        const auto above = [&](float by) {
          return 1 + static_cast<std::size_t>(std::ranges::count_if(
                         z, [&](float x) { return x > own + by; }));
        };
        EXPECT_GE(fast[c].ranks[w], above(5e-3f));
        EXPECT_LE(fast[c].ranks[w], above(-5e-3f));
        if (exact[c].ranks[w] <= 7) {
          EXPECT_EQ(fast[c].ranks[w], exact[c].ranks[w]);
        }
      }
    }
  }
}

void ExpectSameBits(const std::vector<DecodedCell>& a,
                    const std::vector<DecodedCell>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t c = 0; c < a.size(); ++c) {
    EXPECT_EQ(a[c].top, b[c].top);
    EXPECT_EQ(a[c].statistics.logz, b[c].statistics.logz);
    EXPECT_EQ(a[c].statistics.entropy, b[c].statistics.entropy);
    EXPECT_EQ(a[c].statistics.kl_to_final, b[c].statistics.kl_to_final);
    EXPECT_EQ(a[c].ranks, b[c].ranks);
  }
}

TEST_F(LensPassTest, FastDependsOnNeitherThreadsNorInstructionSet) {
  const kernels::Isa isa = kernels::CurrentIsa();
  const auto one = RunFast(1);
  ExpectSameBits(RunFast(5), one);
  for (const kernels::Isa other : kernels::SupportedIsas()) {
    ASSERT_TRUE(kernels::SelectIsa(other).ok());
    ExpectSameBits(RunFast(2), one);
  }
  ASSERT_TRUE(kernels::SelectIsa(isa).ok());
}

// A bias, scale and cap are for integers' dots, too.
TEST_F(LensPassTest, FastDecodesTheFinishedLogits) {
  model_.head_bias = testutil::Noise(kVocab, 3);
  spec_.logits = {.multiplier = 0.75f, .divisor = 3, .cap = 2};
  const auto exact = Run(2, 7), fast = RunFast(2);
  for (std::size_t c = 0; c < kCells; ++c) {
    EXPECT_EQ(fast[c].top, exact[c].top);
    EXPECT_NEAR(fast[c].statistics.logz, exact[c].statistics.logz, 1e-4);
  }
}

TEST_F(LensPassTest, StopsWhenAsked) {
  std::stop_source source;
  source.request_stop();
  const TaskPool pool(2);
  const auto run = RunLensPass(pool, Head(spec_, model_), cells_, {},
                               source.get_token(), {});
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace pellucid
