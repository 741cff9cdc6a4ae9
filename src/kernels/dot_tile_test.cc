#include "kernels/dot_tile.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/reference/linear.h"
#include "testutil/noise.h"
#include "testutil/padded_matrix.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;
using testutil::Noise;
using testutil::PaddedMatrix;

class DotTileTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(DotTileTest);

TEST_P(DotTileTest, DotEqualsReferenceForEveryTailLength) {
  for (std::size_t k = 1; k <= 67; ++k) {
    const auto a = Noise(k, /*seed=*/1), b = Noise(k, /*seed=*/2);
    EXPECT_EQ(Bits(Dot(a, b)), Bits(reference::Dot(a, b))) << "K=" << k;
  }
}

TEST_P(DotTileTest, TileEqualsReferenceForEveryTailLength) {
  for (std::size_t k = 1; k <= 67; ++k) {
    SCOPED_TRACE(::testing::Message() << "K=" << k);
    PaddedMatrix x(7, k, /*seed=*/k), w(9, k, /*seed=*/100 + k);
    PaddedMatrix out(7, 9, /*seed=*/1), expected(7, 9, /*seed=*/1);
    DotTile(x.View(), w.View(), out.View());
    reference::DotTile(x.View(), w.View(), expected.View());
    EXPECT_EQ(Bits(out.values), Bits(expected.values));
  }
}

TEST_P(DotTileTest, TileEqualsReferenceForEveryTileShape) {
  for (std::size_t m = 1; m <= 20; ++m) {
    for (std::size_t n = 1; n <= 13; ++n) {
      SCOPED_TRACE(::testing::Message() << "M=" << m << " N=" << n);
      PaddedMatrix x(m, 37, /*seed=*/m), w(n, 37, /*seed=*/100 + n);
      PaddedMatrix out(m, n, /*seed=*/1), expected(m, n, /*seed=*/1);
      DotTile(x.View(), w.View(), out.View());
      reference::DotTile(x.View(), w.View(), expected.View());
      EXPECT_EQ(Bits(out.values), Bits(expected.values));
    }
  }
}

// More rows than stay in a cache at this length.
TEST_P(DotTileTest, TileEqualsReferenceAcrossRowBlocks) {
  PaddedMatrix x(41, 1536, /*seed=*/1), w(6, 1536, /*seed=*/2);
  PaddedMatrix out(41, 6, /*seed=*/3), expected(41, 6, /*seed=*/3);
  DotTile(x.View(), w.View(), out.View());
  reference::DotTile(x.View(), w.View(), expected.View());
  EXPECT_EQ(Bits(out.values), Bits(expected.values));
}

TEST_P(DotTileTest, SumsInTheCanonicalOrder) {
  // 2^24 + 1 is not a float32: in partial 0 the ones are lost one by one, in
  // another they add up first.
  std::vector<float> ones(64, 1.0f), values(64, 0.0f);
  values[0] = 0x1p24f;
  values[16] = values[32] = 1.0f;
  EXPECT_EQ(Dot(values, ones), 0x1p24f);
  values[16] = values[32] = 0.0f;
  values[1] = values[17] = 1.0f;
  EXPECT_EQ(Dot(values, ones), 0x1p24f + 2.0f);
}

}  // namespace
}  // namespace pellucid::kernels
