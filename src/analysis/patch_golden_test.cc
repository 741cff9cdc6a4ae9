// Grids and causal traces against Hugging Face eager float32 with hooks.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "pellucid/causal_trace.h"
#include "pellucid/model.h"
#include "pellucid/patch.h"
#include "testutil/golden_json.h"
#include "testutil/patch_golden.h"

namespace pellucid {
namespace {

using testutil::GoldenGrid;

constexpr double kLogitDifference = 2e-3;
constexpr double kProbability = 1e-4;

void ExpectNear(const std::vector<std::vector<double>>& ours,
                const GoldenGrid& golden, double tolerance,
                const std::string& what) {
  ASSERT_EQ(ours.size(), golden.size()) << what;
  for (std::size_t r = 0; r < golden.size(); ++r) {
    ASSERT_EQ(ours[r].size(), golden[r].size()) << what;
    for (std::size_t c = 0; c < golden[r].size(); ++c) {
      EXPECT_NEAR(ours[r][c], golden[r][c], tolerance)
          << what << " row " << r << " column " << c;
    }
  }
}

class PatchGoldenTest : public ::testing::TestWithParam<std::string> {
 protected:
  testutil::PatchGolden golden_ = testutil::LoadPatchGolden(GetParam());
  Model model_ =
      Model::Open(testutil::GoldenPath(golden_.folder), {.threads = 2}).value();
};
INSTANTIATE_TEST_SUITE_P(Models, PatchGoldenTest,
                         ::testing::Values("llama_plain", "gpt2_plain",
                                           "gemma2_plain", "mistral_window",
                                           "mixtral_plain"),
                         [](const auto& name) { return name.param; });

TEST_P(PatchGoldenTest, GridsEqualHuggingFace) {
  const PatchPair pair{
      golden_.clean, golden_.corrupt, {golden_.answer}, {golden_.foil}, {}, {}};
  const auto compare = [&](const std::string& site, PatchAxes axes,
                           const GoldenGrid& expected) {
    PatchOptions options;
    options.site = site;
    options.axes = axes;
    const auto grid = Patch(model_, pair, options);
    ASSERT_TRUE(grid.ok()) << grid.error().message;
    EXPECT_NEAR(grid->clean, golden_.clean_difference, kLogitDifference);
    EXPECT_NEAR(grid->corrupt, golden_.corrupt_difference, kLogitDifference);
    ExpectNear(grid->values, expected, kLogitDifference, site);
  };
  ASSERT_GE(golden_.by_position.size(), 4u);
  ASSERT_EQ(golden_.by_head.size(), 5u);
  for (const auto& [site, expected] : golden_.by_position) {
    compare(site, PatchAxes::kLayerPosition, expected);
  }
  for (const auto& [site, expected] : golden_.by_head) {
    compare(site, PatchAxes::kLayerHead, expected);
  }
}

TEST_P(PatchGoldenTest, CausalTracesEqualHuggingFace) {
  CausalTraceOptions options;
  options.subject = golden_.subject;
  options.answer = golden_.answer;
  options.noise = golden_.noise;
  const auto trace = TraceCauses(model_, golden_.clean, options);
  ASSERT_TRUE(trace.ok()) << trace.error().message;
  EXPECT_NEAR(trace->summary.corrupt.mean, golden_.trace_corrupt, kProbability);
  std::vector<std::vector<double>> means;
  for (const auto& row : trace->summary.values) {
    auto& out = means.emplace_back();
    for (const PatchInterval& cell : row) out.push_back(cell.mean);
  }
  ExpectNear(means, golden_.trace_values, kProbability, "causal trace");
}

}  // namespace
}  // namespace pellucid
