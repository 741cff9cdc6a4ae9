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

}  // namespace
}  // namespace pellucid
