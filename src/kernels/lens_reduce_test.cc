#include "kernels/lens_reduce.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/canonical.h"
#include "kernels/isa.h"
#include "kernels/reference/lens_reduce.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

class LensReduceTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(LensReduceTest);

std::vector<float> Logits(std::size_t count, float size, std::uint64_t seed) {
  std::vector<float> z = testutil::Noise(count, seed);
  for (float& v : z) v *= size;
  return z;
}

// The last of `rows` is the final row. Folds blocks within chunks, then
// chunks, as the lens does.
std::vector<LensStatistics> Statistics(
    const std::vector<std::vector<float>>& rows) {
  const std::size_t vocab = rows[0].size();
  std::vector<LensSums> sums(rows.size());
  for (std::size_t chunk = 0; chunk < vocab; chunk += kVocabChunk) {
    std::vector<LensSums> of_chunk(rows.size());
    const std::size_t end = std::min(vocab, chunk + kVocabChunk);
    for (std::size_t at = chunk; at < end; at += kVocabBlock) {
      const std::size_t count = std::min(kVocabBlock, end - at);
      std::vector<float> tile(rows.size() * kVocabBlock);
      const MatrixView view(tile.data(), rows.size(), count, kVocabBlock);
      for (std::size_t r = 0; r < rows.size(); ++r) {
        std::copy_n(rows[r].begin() + static_cast<std::ptrdiff_t>(at), count,
                    view.Row(r));
      }
      std::vector<LensBlock> blocks(rows.size());
      ReduceLensBlock(view, blocks);
      for (std::size_t r = 0; r < rows.size(); ++r) {
        EXPECT_EQ(blocks[r].max,
                  *std::max_element(view.Row(r), view.Row(r) + count));
        of_chunk[r].Fold(blocks[r].sums);
      }
    }
    for (std::size_t r = 0; r < rows.size(); ++r) sums[r].Fold(of_chunk[r]);
  }
  std::vector<LensStatistics> out;
  for (const LensSums& s : sums) {
    out.push_back(StatisticsOf(s, sums.back(), &s == &sums.back()));
  }
  return out;
}

LensStatistics Naive(const std::vector<float>& z,
                     const std::vector<float>& final_row) {
  const auto logz = [](const std::vector<float>& row) {
    const double max = *std::max_element(row.begin(), row.end());
    long double sum = 0;
    for (const float v : row) sum += std::exp(v - max);
    return max + static_cast<double>(std::log(sum));
  };
  const double own = logz(z), of_final = logz(final_row);
  long double entropy = 0, kl = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    const double log_p = z[i] - own, log_f = final_row[i] - of_final;
    entropy -= std::exp(log_p) * log_p;
    kl += std::exp(log_f) * (log_f - log_p);
  }
  return {own, static_cast<double>(entropy), static_cast<double>(kl)};
}

void ExpectNear(const LensStatistics& got, const LensStatistics& expected,
                double tolerance) {
  EXPECT_NEAR(got.logz, expected.logz, tolerance);
  EXPECT_NEAR(got.entropy, expected.entropy, tolerance);
  EXPECT_NEAR(got.kl_to_final, expected.kl_to_final, tolerance);
  EXPECT_GE(got.entropy, 0);
  EXPECT_GE(got.kl_to_final, 0);
}

std::vector<std::uint64_t> BitsOf(const std::vector<LensBlock>& blocks) {
  std::vector<std::uint64_t> bits;
  for (const LensBlock& b : blocks) {
    for (const double v :
         {double{b.max}, b.sums.exponent, b.sums.sum_exp, b.sums.sum_exp_z,
          b.sums.final_exponent, b.sums.sum_final_z}) {
      bits.push_back(std::isnan(v) ? ~std::uint64_t{0}
                                   : std::bit_cast<std::uint64_t>(v));
    }
  }
  return bits;
}

// Awkward logits at every length, on this instruction set and the plain loops.
TEST_P(LensReduceTest, EqualsReferenceForEveryLength) {
  for (const float size : {0.0f, 1e-20f, 3.0f, 30.0f, 300.0f, 1e6f, 1e20f}) {
    for (std::size_t count = 1; count <= kVocabBlock; ++count) {
      SCOPED_TRACE(::testing::Message() << "size=" << size << " n=" << count);
      std::vector<float> z = Logits(4 * count, size, /*seed=*/count);
      if (count > 2) z[2] = -kInfinity;
      if (count > 5) z[count + 5] = kNan;
      if (count > 9) z[2 * count + 9] = kInfinity;
      const ConstMatrixView tile(z.data(), 4, count);
      std::vector<LensBlock> blocks(4), expected(4);
      ReduceLensBlock(tile, blocks);
      ASSERT_TRUE(SelectIsa(Isa::kReference).ok());
      ReduceLensBlock(tile, expected);
      ASSERT_TRUE(SelectIsa(GetParam()).ok());
      EXPECT_EQ(BitsOf(blocks), BitsOf(expected));
    }
  }
}

TEST_P(LensReduceTest, GreaterLogitsAreThoseOfTheReferenceForEveryLength) {
  for (std::size_t count = 0; count <= kVocabBlock; ++count) {
    std::vector<float> z = Logits(count, 4.0f, /*seed=*/count);
    for (float& v : z) v = std::round(v);  // ties
    if (count > 3) z[3] = kNan;
    for (const float value : {-kInfinity, -4.0f, 0.0f, 2.0f, 9.0f, kNan}) {
      EXPECT_EQ(GreaterMask(z, value), reference::GreaterMask(z, value));
      EXPECT_EQ(CountGreater(z, value), reference::CountGreater(z, value));
      EXPECT_EQ(CountGreater(z, value),
                static_cast<std::size_t>(std::popcount(GreaterMask(z, value))));
    }
  }
}

// f32 sums of 64 terms in [0, 1.5] err by a few 2^-24 of themselves, and
// their logarithm, times logits of up to 60 apart, by less than 2e-5.
TEST_P(LensReduceTest, AgreesWithDoublesForLogitsOfAnyUsualSize) {
  for (const std::size_t vocab :
       {1u, 2u, 15u, 63u, 64u, 65u, 130u, 4096u, 4100u}) {
    for (const float size : {0.001f, 1.0f, 10.0f, 30.0f}) {
      SCOPED_TRACE(::testing::Message() << "V=" << vocab << " size=" << size);
      const auto a = Logits(vocab, size, /*seed=*/1);
      const auto b = Logits(vocab, size, /*seed=*/2);
      const auto got = Statistics({a, b});
      ExpectNear(got[0], Naive(a, b), 2e-5);
      ExpectNear(got[1], Naive(b, b), 2e-5);
      EXPECT_EQ(got[1].kl_to_final, 0);
    }
  }
}

TEST_P(LensReduceTest, AgreesWithDoublesForALargeVocabulary) {
  const auto a = Logits(100003, 30.0f, /*seed=*/1);
  auto b = a;  // close to the final row: a small KL
  const auto noise = testutil::Noise(b.size(), /*seed=*/2);
  for (std::size_t i = 0; i < b.size(); ++i) b[i] += 0.01f * noise[i];
  const auto got = Statistics({a, b});
  ExpectNear(got[0], Naive(a, b), 2e-5);
}

TEST_P(LensReduceTest, KeepsRelativeAccuracyForLargeLogits) {
  for (const float size : {1e4f, 1e5f, 2e6f}) {
    SCOPED_TRACE(::testing::Message() << "size=" << size);
    const auto a = Logits(1000, size, /*seed=*/1);
    const auto b = Logits(1000, size, /*seed=*/2);
    const auto got = Statistics({a, b})[0];
    const LensStatistics expected = Naive(a, b);
    EXPECT_NEAR(got.logz, expected.logz, 1e-6 * std::abs(expected.logz));
    EXPECT_NEAR(got.kl_to_final, expected.kl_to_final,
                1e-6 * expected.kl_to_final);
    EXPECT_NEAR(got.entropy, expected.entropy, 1e-6);
  }
}

TEST_P(LensReduceTest, EqualLogitsAreUniform) {
  for (const float value : {0.0f, -0.0f, 30.0f, -1e4f, 3e6f}) {
    SCOPED_TRACE(::testing::Message() << "value=" << value);
    const std::vector<float> row(1000, value);
    const auto got = Statistics({row, row})[0];
    EXPECT_NEAR(got.logz, value + std::log(1000.0),
                1e-6 * std::max(1.0f, std::abs(value)));
    EXPECT_NEAR(got.entropy, std::log(1000.0), 1e-6);
    EXPECT_EQ(got.kl_to_final, 0);
  }
}

TEST_P(LensReduceTest, OneHugeLogitTakesAll) {
  for (const float value : {1e3f, 1e4f, 1e7f}) {
    std::vector<float> row(1000, 0.5f);
    row[777] = value;
    const auto got = Statistics({row, row})[0];
    EXPECT_NEAR(got.logz, value, 1e-6 * value);
    EXPECT_NEAR(got.entropy, 0, 1e-6);
  }
}

// exp(row) over the final row's support is what counts, wherever each row has
// its own maximum.
TEST_P(LensReduceTest, ComparesRowsWithDistantMaxima) {
  auto a = Logits(500, 5.0f, /*seed=*/1), b = Logits(500, 5.0f, /*seed=*/2);
  for (std::size_t i = 0; i < 250; ++i) a[i] += 60, b[i + 250] += 60;
  ExpectNear(Statistics({a, b})[0], Naive(a, b), 2e-5);
}

TEST_P(LensReduceTest, RowsDoNotDependOnTheOthersInATile) {
  const auto a = Logits(200, 9.0f, 1), b = Logits(200, 9.0f, 2),
             f = Logits(200, 9.0f, 3);
  const auto together = Statistics({a, b, f}), alone = Statistics({b, f});
  EXPECT_EQ(together[1].logz, alone[0].logz);
  EXPECT_EQ(together[1].entropy, alone[0].entropy);
  EXPECT_EQ(together[1].kl_to_final, alone[0].kl_to_final);
}

TEST_P(LensReduceTest, ARowEqualToTheFinalRowHasNoDivergence) {
  const auto f = Logits(777, 20.0f, 3);
  EXPECT_EQ(Statistics({f, f})[0].kl_to_final, 0);
}

TEST_P(LensReduceTest, LogitsOfMinusInfinityAddNothing) {
  auto a = Logits(130, 5.0f, 1), f = Logits(130, 5.0f, 2);
  for (std::size_t i = 0; i < 70; ++i) a[i] = f[i] = -kInfinity;
  const auto got = Statistics({a, f})[0];
  a.erase(a.begin(), a.begin() + 70);
  f.erase(f.begin(), f.begin() + 70);
  ExpectNear(got, Naive(a, f), 2e-5);
  a[3] = -kInfinity;  // where the final row has weight
  EXPECT_EQ(Statistics({a, f})[0].kl_to_final,
            std::numeric_limits<double>::infinity());
}

TEST_P(LensReduceTest, UndefinedLogitsGiveNan) {
  for (const float bad : {kNan, kInfinity}) {
    auto z = Logits(3 * 64, 5.0f, 1);
    z[10] = bad;
    std::vector<LensBlock> blocks(3);
    ReduceLensBlock(ConstMatrixView(z.data(), 3, 64), blocks);
    EXPECT_EQ(Bits(blocks[0].max), Bits(bad));
    LensSums sums;
    sums.Fold(blocks[0].sums);
    sums.Fold(blocks[1].sums);
    const auto got = StatisticsOf(sums, blocks[2].sums, false);
    EXPECT_TRUE(std::isnan(got.logz));
    EXPECT_TRUE(std::isnan(got.entropy));
    EXPECT_TRUE(std::isnan(got.kl_to_final));
    // An undefined final row leaves the rest of the other rows whole.
    const auto other =
        StatisticsOf(blocks[1].sums, blocks[0].sums, /*is_final=*/false);
    EXPECT_FALSE(std::isnan(other.entropy));
    EXPECT_TRUE(std::isnan(other.kl_to_final));
  }
}

TEST(LensSumsTest, NothingIsNeutral) {
  LensSums sums, nothing;
  sums.Fold(nothing);
  EXPECT_EQ(sums.sum_exp, 0);
  const LensSums some = {.exponent = -7000,
                         .sum_exp = 1.25,
                         .sum_exp_z = 3,
                         .final_exponent = 12,
                         .sum_final_z = -2};
  sums.Fold(some);
  sums.Fold(nothing);
  EXPECT_EQ(sums.exponent, some.exponent);
  EXPECT_EQ(sums.sum_exp, some.sum_exp);
  EXPECT_EQ(sums.sum_exp_z, some.sum_exp_z);
  EXPECT_EQ(sums.final_exponent, some.final_exponent);
  EXPECT_EQ(sums.sum_final_z, some.sum_final_z);
}

TEST(LensSumsTest, FoldsByPowersOfTwo) {
  LensSums sums = {.exponent = 3, .sum_exp = 1.5, .sum_exp_z = 5};
  sums.Fold({.exponent = 1, .sum_exp = 1.0, .sum_exp_z = 2});
  EXPECT_EQ(sums.exponent, 3);
  EXPECT_EQ(sums.sum_exp, 1.75);
  EXPECT_EQ(sums.sum_exp_z, 5.5);
}

TEST(LensSumsTest, TokensAreAddedTakenOutAndMoved) {
  const std::vector<double> logits = {3.5, -1, 12, 11.25};
  const auto sums_of = [](std::span<const double> some, double by) {
    LensSums sums;
    sums.exponent = 17;
    for (const double z : some) sums.AddToken(1, z + by);
    return sums;
  };
  LensSums sums = sums_of(logits, 0);
  double exp = 0, exp_z = 0;
  for (const double z : logits) {
    exp += std::exp(z);
    exp_z += z * std::exp(z);
  }
  const double scale = std::pow(2.0, 17);
  EXPECT_NEAR(sums.sum_exp * scale, exp, 1e-9 * exp);
  EXPECT_NEAR(sums.sum_exp_z * scale, exp_z, 1e-9 * exp_z);
  sums.Shift(-0.75);
  const LensSums moved = sums_of(logits, -0.75);
  EXPECT_NEAR(sums.sum_exp, moved.sum_exp, 1e-9 * moved.sum_exp);
  EXPECT_NEAR(sums.sum_exp_z, moved.sum_exp_z, 1e-9 * moved.sum_exp_z);
  sums.AddToken(-1, 11.25 - 0.75);
  const LensSums less = sums_of(std::span(logits).first(3), -0.75);
  EXPECT_NEAR(sums.sum_exp, less.sum_exp, 1e-9 * moved.sum_exp);
  EXPECT_NEAR(sums.sum_exp_z, less.sum_exp_z, 1e-9 * moved.sum_exp_z);
}

}  // namespace
}  // namespace pellucid::kernels
