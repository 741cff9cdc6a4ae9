// A tally is ReduceLensBlock and LensSums::Fold, cell by cell.
#include "kernels/lens_tally.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/canonical.h"
#include "kernels/lens_reduce.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

class LensTallyTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(LensTallyTest);

std::uint64_t Bits(double value) {
  return std::isnan(value) ? ~std::uint64_t{0}
                           : std::bit_cast<std::uint64_t>(value);
}

void ExpectSame(const LensSums& a, const LensSums& b) {
  EXPECT_EQ(Bits(a.exponent), Bits(b.exponent));
  EXPECT_EQ(Bits(a.sum_exp), Bits(b.sum_exp));
  EXPECT_EQ(Bits(a.sum_exp_z), Bits(b.sum_exp_z));
  EXPECT_EQ(Bits(a.final_exponent), Bits(b.final_exponent));
  EXPECT_EQ(Bits(a.sum_final_z), Bits(b.sum_final_z));
}

// A tally of two positions, the second of `cells`, and the same cell by cell.
class Both {
 public:
  explicit Both(std::size_t cells)
      : tally_(kFirst + cells), sums_(kFirst + cells) {}

  void Add(std::size_t first, ConstMatrixView logits) {
    std::vector<float> greatest(logits.rows);
    tally_.Add(logits, first, greatest);
    std::vector<LensBlock> blocks(logits.rows);
    ReduceLensBlock(logits, blocks);
    for (std::size_t r = 0; r < logits.rows; ++r) {
      sums_[first + r].Fold(blocks[r].sums);
      EXPECT_EQ(Bits(greatest[r]), Bits(blocks[r].max)) << r;
    }
  }
  void Compare() const {
    for (std::size_t c = 0; c < sums_.size(); ++c) {
      SCOPED_TRACE(::testing::Message() << "cell " << c);
      ExpectSame(tally_.SumsOf(c), sums_[c]);
    }
  }

  static constexpr std::size_t kFirst = 3;  // cells before the second position

 private:
  LensTally tally_;
  std::vector<LensSums> sums_;
};

std::vector<float> Logits(std::size_t count, float size, std::uint64_t seed) {
  std::vector<float> z = testutil::Noise(count, seed);
  for (float& v : z) v *= size;
  return z;
}

TEST_P(LensTallyTest, EveryNumberOfCells) {
  for (std::size_t cells = 1; cells <= 40; ++cells) {
    SCOPED_TRACE(cells);
    Both both(cells);
    for (const float size : {0.0f, 1e-20f, 3.0f, 300.0f, 1e5f, 1e6f, 1e20f}) {
      const auto z = Logits(cells * kVocabBlock, size, cells);
      const auto other = Logits(Both::kFirst * kVocabBlock, size, 99);
      both.Add(0, {other.data(), Both::kFirst, kVocabBlock});
      both.Add(Both::kFirst, {z.data(), cells, kVocabBlock});
    }
    both.Compare();
  }
}

TEST_P(LensTallyTest, BlocksOfEveryLength) {
  constexpr std::size_t kCells = 17;
  for (std::size_t count = 1; count <= kVocabBlock; ++count) {
    SCOPED_TRACE(count);
    Both both(kCells);
    for (const std::uint64_t seed : {1u, 2u}) {
      const auto z = Logits(kCells * count, 30.0f, seed);
      both.Add(Both::kFirst, {z.data(), kCells, count});
    }
    both.Compare();
  }
}

// Wherever it stands, among usual blocks.
TEST_P(LensTallyTest, WhatIsNotPlain) {
  constexpr std::size_t kCells = 20;
  for (const float odd : {kNan, kInfinity, -kInfinity, 0x1p20f, 0x1.000002p20f,
                          -0x1.000002p20f, -0x1p22f, -0.0f}) {
    for (const std::size_t cell :
         {std::size_t{0}, std::size_t{15}, std::size_t{16}, kCells - 1}) {
      SCOPED_TRACE(::testing::Message() << odd << " in " << cell);
      Both both(kCells);
      for (std::size_t block = 0; block < 3; ++block) {
        auto z = Logits(kCells * kVocabBlock, 30.0f, block);
        if (block == 1) z[cell * kVocabBlock + 37] = odd;
        both.Add(Both::kFirst, {z.data(), kCells, kVocabBlock});
      }
      both.Compare();
    }
  }
}

}  // namespace
}  // namespace pellucid::kernels
