// The recipe of the paper against the tuned-lens package itself: the same tiny
// models, tokens and steps (tools/goldens/tuned_lens_recipe.py).
#include "analysis/tune_recipe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "pellucid/model.h"
#include "pellucid/tune.h"
#include "testutil/golden.h"
#include "testutil/golden_json.h"

namespace pellucid {
namespace {

// What the issue of equality allows: 1e-4 after twenty steps.
constexpr double kTolerance = 1e-4;

class TuneRecipeTest : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Models, TuneRecipeTest,
                         ::testing::Values("gpt2", "llama"));

TEST_P(TuneRecipeTest, EqualsThePackageStepByStep) {
  const auto golden = testutil::LoadGolden("trained_lens/" + GetParam() +
                                           "_recipe.safetensors");
  ASSERT_TRUE(golden.ok()) << golden.error;
  const Model model =
      Model::Open(testutil::GoldenPath(golden.metadata.at("model"))).value();
  constexpr std::size_t kLength = 10, kWindowsAStep = 4;
  const std::vector<TokenId> ids = golden.Ids();
  std::vector<std::vector<TokenId>> windows;
  for (std::size_t begin = 0; begin < ids.size(); begin += kLength) {
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(begin);
    windows.emplace_back(first, first + kLength);
  }
  const Tensor& losses = golden.Get("losses");
  TuneOptions options{.method = TuneMethod::kRecipe,
                      .skip_first = 0,
                      .steps = losses.shape[0],
                      .learning_rate = 1,
                      .tokens_per_step = kLength * kWindowsAStep};
  options.report = [&](std::size_t step, std::span<const float> loss) {
    ASSERT_EQ(loss.size(), losses.shape[1]);
    for (std::size_t r = 0; r < loss.size(); ++r) {
      EXPECT_NEAR(loss[r], losses.Row(step - 1)[r], kTolerance)
          << "step " << step << " map " << r;
    }
  };
  const auto lens = FitTunedLens(model, windows, options);
  ASSERT_TRUE(lens.ok()) << lens.error().message;
  ASSERT_EQ(lens->translators.size(), losses.shape[1]);
  for (std::size_t r = 0; r < lens->translators.size(); ++r) {
    const Tensor& weight = golden.Get(std::to_string(r) + ".weight");
    const Tensor& bias = golden.Get(std::to_string(r) + ".bias");
    const LensTranslator& ours = lens->translators[r];
    ASSERT_EQ(ours.weight.data.size(), weight.data.size());
    for (std::size_t i = 0; i < weight.data.size(); ++i) {
      EXPECT_NEAR(ours.weight.data[i], weight.data[i], kTolerance);
    }
    for (std::size_t i = 0; i < bias.data.size(); ++i) {
      EXPECT_NEAR(ours.bias[i], bias.data[i], kTolerance);
    }
  }
}

}  // namespace
}  // namespace pellucid
