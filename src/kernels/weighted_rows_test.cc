#include "kernels/weighted_rows.h"

#include <vector>

#include "gtest/gtest.h"
#include "kernels/reference/weighted_rows.h"
#include "testutil/padded_matrix.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;
using testutil::PaddedMatrix;

class WeightedRowsTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(WeightedRowsTest);

// Columns of every tail of two of the widest tiles, sums of every tail of two.
TEST_P(WeightedRowsTest, EqualsReferenceForEveryTail) {
  for (std::size_t cols = 1; cols <= 130; ++cols) {
    const std::size_t sums = cols % 13 + 1, rows = cols % 7 + 1;
    SCOPED_TRACE(::testing::Message() << sums << "x" << rows << "x" << cols);
    PaddedMatrix factors(sums, rows, /*seed=*/1), x(rows, cols, /*seed=*/2);
    PaddedMatrix out(sums, cols, /*seed=*/3), plain(sums, cols, /*seed=*/3);
    AddWeightedRows(RowFactors::OfRows(factors.View()), x.View(), out.View());
    reference::AddWeightedRows(RowFactors::OfRows(factors.View()), x.View(),
                               plain.View());
    EXPECT_EQ(Bits(out.values), Bits(plain.values));
    AddWeightedSums(RowFactors::OfRows(factors.View()), x.View(), out.View());
    reference::AddWeightedSums(RowFactors::OfRows(factors.View()), x.View(),
                               plain.View());
    EXPECT_EQ(Bits(out.values), Bits(plain.values));
  }
}

TEST_P(WeightedRowsTest, ColumnsAreTheRowsOfTheMatrixTurnedAround) {
  constexpr std::size_t kSums = 5, kRows = 6, kCols = 50;
  PaddedMatrix factors(kSums, kRows, /*seed=*/1), x(kRows, kCols, /*seed=*/2);
  PaddedMatrix turned(kRows, kSums, /*seed=*/4);
  for (std::size_t m = 0; m < kSums; ++m) {
    for (std::size_t n = 0; n < kRows; ++n) {
      turned.View().Row(n)[m] = factors.View().Row(m)[n];
    }
  }
  PaddedMatrix out(kSums, kCols, /*seed=*/3), other(kSums, kCols, /*seed=*/3);
  AddWeightedRows(RowFactors::OfRows(factors.View()), x.View(), out.View());
  AddWeightedRows(RowFactors::OfColumns(turned.View()), x.View(), other.View());
  EXPECT_EQ(Bits(out.values), Bits(other.values));
}

// So keys that a query does not see may be left in or out.
TEST_P(WeightedRowsTest, ARowTimesZeroChangesNoBit) {
  constexpr std::size_t kSums = 4, kRows = 6, kCols = 40;
  PaddedMatrix factors(kSums, kRows, /*seed=*/1), x(kRows, kCols, /*seed=*/2);
  for (std::size_t m = 0; m < kSums; ++m) factors.View().Row(m)[kRows - 1] = 0;
  PaddedMatrix out(kSums, kCols, /*seed=*/3), less(kSums, kCols, /*seed=*/3);
  RowFactors first = RowFactors::OfRows(factors.View());
  AddWeightedRows(first, x.View(), out.View());
  first.rows = kRows - 1;
  AddWeightedRows(first, x.View().Rows(0, kRows - 1), less.View());
  EXPECT_EQ(Bits(out.values), Bits(less.values));
}

}  // namespace
}  // namespace pellucid::kernels
