// Directions of lenses for tokens: along each the lens sees the token grow.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pellucid/lens.h"
#include "pellucid/steer.h"
#include "pellucid/trained_lens.h"
#include "testutil/golden_json.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using Shared = std::shared_ptr<const TrainedLens>;

constexpr TokenId kToken = 7, kFoil = 9;

Model Tiny(const std::string& name) {
  return Model::Open(testutil::GoldenPath(name)).value();
}

Shared Read(LensKind kind, const std::string& file, const Model& model) {
  return ReadTrainedLens(kind, testutil::GoldenPath("trained_lens/" + file),
                         model)
      .value();
}

// What the lens makes of logit(token) - logit(foil) when `factor` times the
// vector is added to its block's output at the last position.
double Difference(const Model& model, const Shared& lens,
                  const SteeringVector& vector, float factor) {
  const auto made = ComputeLens(
      model, std::vector<TokenId>{3, 11, 7},
      {.layers = Selection::Of({static_cast<std::int64_t>(vector.layer)}),
       .positions = Selection::Last(),
       .targets = {kToken, kFoil},
       .edits = SteeringEdits(std::vector{vector}, factor),
       .trained = lens});
  EXPECT_TRUE(made.ok()) << made.error().message;
  const auto& targets = made->rows.front().cells.front().targets;
  return static_cast<double>(targets[0].score.logit) -
         static_cast<double>(targets[1].score.logit);
}

// The slope of that difference, by central differences.
double Slope(const Model& model, const Shared& lens,
             const SteeringVector& vector) {
  constexpr float kStep = 1e-2f;
  return (Difference(model, lens, vector, kStep) -
          Difference(model, lens, vector, -kStep)) /
         (2 * static_cast<double>(kStep));
}

TEST(LensSteeringTest, PointsToWhereTheLensSeesTheTokenGrow) {
  for (const char* name : {"tiny_hf/gpt2_plain", "families/gemma2_plain"}) {
    const Model model = Tiny(name);
    const std::string file =
        model.info().architecture == "gpt2" ? "gpt2" : "gemma2";
    for (const Shared& lens :
         {Shared(), Read(LensKind::kTuned, file, model),
          Read(LensKind::kJacobian, file + ".pt", model)}) {
      const auto made =
          LensSteering(model, lens.get(), kToken, kFoil, Selection());
      ASSERT_TRUE(made.ok()) << made.error().message;
      ASSERT_EQ(made->size(), model.info().n_layers);
      for (const SteeringVector& vector : *made) {
        double squares = 0;
        for (const float x : vector.values) {
          squares += static_cast<double>(x) * static_cast<double>(x);
        }
        EXPECT_NEAR(squares, 1, 1e-5);
        EXPECT_GT(Slope(model, lens, vector), 0) << name << " " << vector.site;
      }
    }
  }
}

TEST(LensSteeringTest, IsTheSameForEveryBlockOfTheLogitLens) {
  const Model model = Tiny("tiny_hf/gpt2_plain");
  const auto made =
      LensSteering(model, nullptr, kToken, std::nullopt, Selection()).value();
  for (const SteeringVector& vector : made) {
    EXPECT_EQ(vector.values, made.front().values);
  }
}

TEST(LensSteeringErrorTest, SaysWhatIsWrong) {
  const Model model = Tiny("tiny_hf/gpt2_plain");
  const auto message = [&](const TrainedLens* lens, TokenId token,
                           std::optional<TokenId> foil) {
    const auto made = LensSteering(model, lens, token, foil, Selection());
    return made.ok() ? std::string("ok") : made.error().message;
  };
  EXPECT_THAT(message(nullptr, -1, {}), HasSubstr("vocabulary"));
  EXPECT_THAT(message(nullptr, 1, 99999), HasSubstr("99999"));
  EXPECT_THAT(message(nullptr, 5, 5), HasSubstr("own foil"));
  TrainedLens lens = *Read(LensKind::kTuned, "gpt2", model);
  std::erase_if(lens.translators, [](const LensTranslator& map) {
    return map.site.ends_with(".0");
  });
  EXPECT_THAT(message(&lens, 5, {}), HasSubstr("has no map"));
}

}  // namespace
}  // namespace pellucid
