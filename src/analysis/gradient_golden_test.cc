// Gradients of every site of every family against torch.autograd on Hugging
// Face eager float32 (tools/goldens/gradients.py), which keeps of each its
// length and its dots with noise.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "pellucid/gradient.h"
#include "testutil/golden.h"
#include "testutil/golden_json.h"
#include "testutil/hf_goldens.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

using testutil::Golden;

const Golden& Gradients() {
  static const Golden golden =
      testutil::LoadGolden("gradients/gradients.safetensors");
  return golden;
}

std::vector<std::string> Folders() {
  std::vector<std::string> names;
  for (const auto& [name, table] : Gradients().tensors) names.push_back(name);
  return names;
}

// What the numbers of a table's rows stand for.
std::vector<std::string> Names() {
  std::istringstream text(Gradients().metadata.at("names"));
  std::vector<std::string> names;
  for (std::string name; std::getline(text, name);) names.push_back(name);
  return names;
}

std::string PlaceOf(const std::string& folder) {
  for (const std::string& name : testutil::HfGoldenNames()) {
    if (name == folder) return "tiny_hf/" + name;
  }
  return "families/" + folder;
}

TEST(GradientGoldensTest, EveryFolderHasSome) {
  EXPECT_EQ(Folders().size(), testutil::HfGoldenNames().size() +
                                  testutil::FamilyGoldenNames().size());
}

class GradientGoldenTest : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Folders, GradientGoldenTest,
                         ::testing::ValuesIn(Folders()),
                         [](const auto& folder) { return folder.param; });

// Relative to a gradient's length, as is asked of each site. The router of a
// mixture that renormalises the weight of a single expert has none, and
// autograd a rounding: lengths below a part kNothing of the longest count as
// that.
constexpr double kTolerance = 1e-4;
constexpr double kNothing = 1e-4;

TEST_P(GradientGoldenTest, EverySiteEqualsAutograd) {
  const std::string place = PlaceOf(GetParam());
  const auto ids = testutil::LoadGolden(place + ".golden.safetensors").Ids();
  ASSERT_FALSE(ids.empty());
  const std::vector<std::string> names = Names();
  const Tensor& table = Gradients().Get(GetParam());
  GradientOptions options{.metric = PatchMetric::kLogProb,
                          .answer = {ids.front()}};
  for (std::size_t i = 1; i < table.shape[0]; ++i) {
    options.sites.push_back(
        names.at(static_cast<std::size_t>(table.Row(i)[0])));
  }
  const Model model =
      Model::Open(testutil::GoldenPath(place), {.threads = 2}).value();
  const auto gradient = ComputeGradient(model, ids, options);
  ASSERT_TRUE(gradient.ok()) << gradient.error().message;
  EXPECT_NEAR(gradient->value, double{table.Row(0)[1]},
              1e-4 * std::abs(gradient->value));
  float longest = 0;
  for (std::size_t i = 1; i < table.shape[0]; ++i) {
    longest = std::max(longest, table.Row(i)[1]);
  }
  for (std::size_t i = 1; i < table.shape[0]; ++i) {
    const Tensor* const ours = gradient->trace.Find(options.sites[i - 1]);
    ASSERT_NE(ours, nullptr) << options.sites[i - 1];
    const auto theirs = table.Row(i).subspan(1);
    const double limit =
        kTolerance * std::max(double{theirs[0]}, kNothing * double{longest});
    double square = 0;
    for (const float x : ours->data) square += double{x} * double{x};
    EXPECT_NEAR(std::sqrt(square), double{theirs[0]}, limit)
        << options.sites[i - 1];
    for (std::size_t j = 1; j < theirs.size(); ++j) {
      const auto noise = testutil::Noise(ours->data.size(), j);
      double dot = 0;
      for (std::size_t k = 0; k < noise.size(); ++k) {
        dot += double{ours->data[k]} * double{noise[k]};
      }
      EXPECT_NEAR(dot, double{theirs[j]}, limit)
          << options.sites[i - 1] << ", dot " << j;
    }
  }
}

}  // namespace
}  // namespace pellucid
