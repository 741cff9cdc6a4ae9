#include "kernels/panel.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "hwy/aligned_allocator.h"
#include "kernels/reference/linear.h"
#include "testutil/noise.h"
#include "testutil/padded_matrix.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;
using testutil::PaddedMatrix;

class PanelTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(PanelTest);

// Packed floats between guards, so that a stray write is seen.
class Packed {
 public:
  explicit Packed(std::size_t floats)
      : size_(floats), values_(hwy::AllocateAligned<float>(floats + 32)) {
    std::fill_n(values_.get(), floats + 32, kGuard);
  }
  float* data() { return values_.get() + 16; }
  bool GuardsStand() const {
    for (std::size_t i = 0; i < 16; ++i) {
      if (values_[i] != kGuard || values_[size_ + 16 + i] != kGuard) {
        return false;
      }
    }
    return true;
  }

 private:
  static constexpr float kGuard = 12345.0f;
  std::size_t size_;
  hwy::AlignedFreeUniquePtr<float[]> values_;
};

void ExpectEqualsReference(ConstMatrixView x, ConstMatrixView w) {
  SCOPED_TRACE(::testing::Message()
               << "M=" << x.rows << " N=" << w.rows << " K=" << x.cols);
  Packed rows(PackedRowFloats(x.rows, x.cols));
  Packed panels(PackedPanelFloats(w.rows, w.cols));
  PackRows(x, rows.data());
  PackPanels(w, panels.data());
  EXPECT_TRUE(rows.GuardsStand());
  EXPECT_TRUE(panels.GuardsStand());
  PaddedMatrix out(x.rows, w.rows, /*seed=*/1);
  PaddedMatrix expected(x.rows, w.rows, /*seed=*/1);
  MultiplyPanels(rows.data(), panels.data(), x.cols, out.View());
  reference::DotTile(x, w, expected.View());
  EXPECT_EQ(Bits(out.values), Bits(expected.values));
}

TEST_P(PanelTest, EqualsReferenceForEveryTailLength) {
  for (std::size_t k = 1; k <= 67; ++k) {
    PaddedMatrix x(7, k, /*seed=*/k), w(19, k, /*seed=*/100 + k);
    ExpectEqualsReference(x.View(), w.View());
  }
}

// Up to seven panels, which tiles of four take as 4 + 3.
TEST_P(PanelTest, EqualsReferenceForEveryTileShape) {
  for (std::size_t m = 1; m <= 20; ++m) {
    for (std::size_t n = 1; n <= 112; n += n < 35 ? 1 : 11) {
      PaddedMatrix x(m, 37, /*seed=*/m), w(n, 37, /*seed=*/100 + n);
      ExpectEqualsReference(x.View(), w.View());
    }
  }
}

TEST_P(PanelTest, EqualsReferenceForLongRows) {
  for (const std::size_t k : {576u, 1008u, 1024u, 1536u, 4100u}) {
    PaddedMatrix x(13, k, /*seed=*/k), w(17, k, /*seed=*/100 + k);
    ExpectEqualsReference(x.View(), w.View());
  }
}

TEST_P(PanelTest, PartsOfAPanelPackLikeTheWhole) {
  for (const std::size_t k : {30u, 150u, 576u}) {
    const std::size_t part = 16 * 8;
    for (const std::size_t n : {1u, 7u, 16u}) {
      SCOPED_TRACE(::testing::Message() << "N=" << n << " K=" << k);
      PaddedMatrix w(n, k, /*seed=*/k + n);
      const ConstMatrixView all = w.View();
      Packed panel(PackedPanelFloats(n, k));
      for (std::size_t c = 0; c < k; c += part) {
        PackPanelColumns({all.data + c, n, std::min(part, k - c), all.stride},
                         c, k, panel.data());
      }
      EXPECT_TRUE(panel.GuardsStand());
      PaddedMatrix x(3, k, /*seed=*/1), out(3, n, /*seed=*/2);
      PaddedMatrix expected(3, n, /*seed=*/2);
      Packed rows(PackedRowFloats(3, k));
      PackRows(x.View(), rows.data());
      MultiplyPanels(rows.data(), panel.data(), k, out.View());
      reference::DotTile(x.View(), all, expected.View());
      EXPECT_EQ(Bits(out.values), Bits(expected.values));
    }
  }
}

// What is packed in place of missing rows must not reach other dots.
TEST_P(PanelTest, InfiniteRowsStayByThemselves) {
  PaddedMatrix x(8, 40, /*seed=*/1), w(18, 40, /*seed=*/2);
  x.View().Row(7)[3] = std::numeric_limits<float>::infinity();
  w.View().Row(17)[5] = -std::numeric_limits<float>::infinity();
  ExpectEqualsReference(x.View(), w.View());
}

// 0 * 0 added to -0 is 0 for the padding of the plain loops too.
TEST_P(PanelTest, SignsOfZeroEqualReference) {
  PaddedMatrix x(3, 20, /*seed=*/1), w(4, 20, /*seed=*/2);
  for (std::size_t i = 0; i < 20; ++i) {
    x.View().Row(0)[i] = -0.0f;
    w.View().Row(1)[i] = i % 2 == 0 ? 0.0f : -0.0f;
  }
  ExpectEqualsReference(x.View(), w.View());
}

}  // namespace
}  // namespace pellucid::kernels
