#include "base/matrix.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;

TEST(MatrixViewTest, RowsLieAStrideApart) {
  std::array<float, 12> data{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const MatrixView view(data.data(), 3, 2, 4);
  EXPECT_THAT(view.RowSpan(0), ElementsAre(0, 1));
  EXPECT_THAT(view.RowSpan(2), ElementsAre(8, 9));
  const ConstMatrixView rows = view.Rows(1, 2);
  EXPECT_EQ(rows.rows, 2u);
  EXPECT_THAT(rows.RowSpan(0), ElementsAre(4, 5));
  EXPECT_THAT(rows.RowSpan(1), ElementsAre(8, 9));
  view.Row(1)[1] = 50;
  EXPECT_EQ(rows.Row(0)[1], 50);
  EXPECT_EQ(view.Rows(3, 0).rows, 0u);
}

TEST(WeightViewTest, RowOrderMapsModelRowsToFileRows) {
  std::array<std::byte, 12> data{};
  const std::array<std::uint32_t, 3> order{2, 0, 1};
  WeightView view;
  view.data = data.data();
  view.rows = 3;
  view.cols = 2;
  view.row_bytes = 4;
  EXPECT_FALSE(view.empty());
  EXPECT_TRUE(WeightView{}.empty());
  EXPECT_EQ(view.Row(2), data.data() + 8);
  view.row_order = order;
  EXPECT_EQ(view.Row(0), data.data() + 8);
  EXPECT_EQ(view.Row(1), data.data());
}

TEST(WeightViewTest, APartHasTheRowsOfTheWhole) {
  std::array<std::byte, 64> data{}, scales{}, biases{};
  const std::array<std::uint32_t, 4> order{3, 0, 2, 1};
  WeightView view;
  view.data = data.data();
  view.rows = 4;
  view.cols = 2;
  view.row_bytes = 8;
  view.groups = {.elements = 2,
                 .dtype = DType::kF16,
                 .scales = scales.data(),
                 .biases = biases.data(),
                 .row_bytes = 2};
  for (const bool ordered : {false, true}) {
    if (ordered) view.row_order = order;
    const WeightView part = view.Rows(1, 2);
    EXPECT_EQ(part.rows, 2u);
    for (std::size_t r = 0; r < 2; ++r) {
      EXPECT_EQ(part.Row(r), view.Row(r + 1));
      EXPECT_EQ(part.ScalesOfRow(r), view.ScalesOfRow(r + 1));
      EXPECT_EQ(part.BiasesOfRow(r), view.BiasesOfRow(r + 1));
    }
  }
  EXPECT_EQ(view.ScalesOfRow(0), scales.data() + 6);
  view.groups.biases = nullptr;
  EXPECT_EQ(view.Rows(1, 2).BiasesOfRow(0), nullptr);
}

// Rows of a matrix that lies as [cols, rows] are some of its columns.
TEST(WeightViewTest, APartOfATransposedMatrixBeginsWithinItsFirstRow) {
  std::array<std::byte, 48> data{};
  WeightView view;
  view.dtype = DType::kF16;
  view.data = data.data();
  view.rows = 12;
  view.cols = 2;
  view.row_bytes = 24;
  view.transposed = true;
  const WeightView part = view.Rows(4, 3);
  EXPECT_EQ(part.data, data.data() + 8);
  EXPECT_EQ(part.rows, 3u);
  EXPECT_EQ(part.row_bytes, 24u);
}

}  // namespace
}  // namespace pellucid
