#include "analysis/error_meter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "testutil/hf_goldens.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

constexpr std::size_t kCells = 20, kTopK = 3;

class ErrorMeterTest : public ::testing::Test {
 protected:
  ErrorMeterTest()
      : width_(model_.impl().spec.EmbedWidth()),
        vectors_(testutil::Noise(kCells * width_, 1)) {
    LensCells cells;
    cells.normed = Vectors();
    for (std::size_t c = 0; c <= kCells; ++c) cells.offsets.push_back(c);
    cells.watched.resize(kCells);
    decoded_ = RunLensPass(model_.impl().pool, model_.impl().head, cells,
                           {.top_k = kTopK}, {}, {})
                   .value();
  }
  ConstMatrixView Vectors() const { return {vectors_.data(), kCells, width_}; }
  LensError Measure() const {
    ErrorMeter meter(model_.impl(), kTopK, {});
    EXPECT_TRUE(meter.Add(Vectors(), decoded_).ok());
    return meter.Total();
  }

  const Model model_ =
      Model::Open(testutil::FamilyGoldenPath("gemma2_plain")).value();
  const std::size_t width_;
  std::vector<float> vectors_;
  std::vector<DecodedCell> decoded_;
};

TEST_F(ErrorMeterTest, OfExactCellsThereIsNone) {
  const LensError error = Measure();
  EXPECT_EQ(error.cells, 8u);
  EXPECT_EQ(error.max_abs_prob, 0);
  EXPECT_EQ(error.mean_abs_prob, 0);
  EXPECT_EQ(error.max_abs_logz, 0);
  EXPECT_EQ(error.top_k_equal, 1);
}

TEST_F(ErrorMeterTest, FindsWhatIsWrongInAllCells) {
  double most = 0;
  for (DecodedCell& cell : decoded_) {
    most = std::max(most,
                    std::exp(double{cell.top[0].logit} - cell.statistics.logz));
    cell.statistics.logz += 0.01;
  }
  const LensError error = Measure();
  EXPECT_NEAR(error.max_abs_logz, 0.01, 1e-12);
  EXPECT_GT(error.max_abs_prob, 0);
  EXPECT_LE(error.max_abs_prob, most * 0.01);
  EXPECT_GT(error.mean_abs_prob, 0);
  EXPECT_LT(error.mean_abs_prob, error.max_abs_prob);
  EXPECT_EQ(error.top_k_equal, 1);
}

TEST_F(ErrorMeterTest, CountsCellsWhoseTokensDiffer) {
  for (DecodedCell& cell : decoded_) std::swap(cell.top[0], cell.top[1]);
  EXPECT_EQ(Measure().top_k_equal, 0);
}

TEST_F(ErrorMeterTest, AddsUpOverBlocks) {
  ErrorMeter meter(model_.impl(), kTopK, {});
  EXPECT_EQ(meter.Total().cells, 0u);
  EXPECT_EQ(meter.Total().top_k_equal, 1);
  ASSERT_TRUE(meter.Add(Vectors(), decoded_).ok());
  for (DecodedCell& cell : decoded_) std::swap(cell.top[0], cell.top[1]);
  ASSERT_TRUE(meter.Add(Vectors(), decoded_).ok());
  EXPECT_EQ(meter.Total().cells, 16u);
  EXPECT_EQ(meter.Total().top_k_equal, 0.5);
}

}  // namespace
}  // namespace pellucid
