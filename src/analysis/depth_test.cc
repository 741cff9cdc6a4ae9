// Prediction depth: what it reads off the lens, and how it is counted.
#include "pellucid/depth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "pellucid/lens.h"
#include "testutil/golden_json.h"
#include "testutil/temp_dir.h"
#include "testutil/text_model.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Windows = std::vector<std::vector<TokenId>>;

Model Tiny() {
  return Model::Open(testutil::GoldenPath("tiny_hf/gpt2_plain")).value();
}

const Windows kWindows = {{3, 11, 7, 2, 5}, {9, 1, 30, 4}};

TEST(DepthTest, SaysWhatTheLensSaysOfEachToken) {
  const Model model = Tiny();
  const auto trained =
      ReadTrainedLens(LensKind::kTuned,
                      testutil::GoldenPath("trained_lens/gpt2"), model)
          .value();
  for (const auto& lens : {std::shared_ptr<const TrainedLens>(), trained}) {
    for (const DepthToken token : {DepthToken::kPredicted, DepthToken::kNext}) {
      const auto depths = MeasureDepths(
          model, kWindows, {.token = token, .trained = lens, .skip_first = 1});
      ASSERT_TRUE(depths.ok()) << depths.error().message;
      const bool predicted = token == DepthToken::kPredicted;
      ASSERT_EQ(depths->size(), predicted ? 7u : 5u);
      for (const TokenDepth& depth : *depths) {
        const std::vector<TokenId>& ids = kWindows[depth.window];
        if (!predicted) {
          EXPECT_EQ(depth.id, ids[depth.position + 1]);
        }
        // The lens follows the token as a target.
        const auto shown =
            ComputeLens(model, ids, {.targets = {depth.id}, .trained = lens});
        ASSERT_TRUE(shown.ok());
        const LensTarget& target = shown->targets.front();
        EXPECT_EQ(depth.first_hit, target.first_hit[depth.position]);
        EXPECT_EQ(depth.stable_from, target.stable_from[depth.position]);
        if (predicted) {
          EXPECT_TRUE(depth.stable_from.has_value());
        }
      }
    }
  }
}

TEST(DepthTest, WindowsDoNotDependOnOneAnother) {
  const Model model = Tiny();
  const auto both = MeasureDepths(model, kWindows).value();
  const auto second = MeasureDepths(model, Windows{kWindows[1]}).value();
  ASSERT_EQ(both.size(), second.size() + 4);
  for (std::size_t i = 0; i < second.size(); ++i) {
    EXPECT_EQ(both[4 + i].id, second[i].id);
    EXPECT_EQ(both[4 + i].first_hit, second[i].first_hit);
    EXPECT_EQ(both[4 + i].window, 1u);
  }
}

TEST(DepthTest, CountsByLayerClassAndPosition) {
  const auto depth = [](std::size_t position, TokenClass token_class,
                        std::optional<std::size_t> first,
                        std::optional<std::size_t> stable) {
    return TokenDepth{.position = position,
                      .token_class = token_class,
                      .first_hit = first,
                      .stable_from = stable};
  };
  const std::vector<TokenDepth> depths = {
      depth(0, TokenClass::kWord, 0, 2), depth(3, TokenClass::kWord, 1, 1),
      depth(2, TokenClass::kPart, 1, {}), depth(8, TokenClass::kWord, {}, {})};
  const DepthHistogram all = HistogramOf(depths, 3);
  EXPECT_EQ(all.tokens, 4u);
  EXPECT_THAT(all.first_hit, ElementsAre(1, 2, 0));
  EXPECT_THAT(all.stable_from, ElementsAre(0, 1, 1));
  EXPECT_EQ(all.never_hit, 1u);
  EXPECT_EQ(all.never_stable, 2u);
  EXPECT_DOUBLE_EQ(all.mean_first_hit.value(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(all.mean_stable_from.value(), 1.5);
  const auto classes = DepthsByClass(depths, 3);
  ASSERT_EQ(classes.size(), 2u);
  EXPECT_EQ(classes[0].name, "word");
  EXPECT_EQ(classes[0].histogram.tokens, 3u);
  EXPECT_EQ(classes[1].name, "part");
  EXPECT_FALSE(classes[1].histogram.mean_stable_from.has_value());
  const auto positions = DepthsByPosition(depths, 3);
  std::vector<std::string> names;
  for (const DepthGroup& group : positions) names.push_back(group.name);
  EXPECT_THAT(names, ElementsAre("0", "2-3", "8-15"));
  EXPECT_EQ(positions[1].histogram.tokens, 2u);
}

TEST(DepthTest, KnowsWhatTokensAre) {
  const testutil::TempDir dir;
  const Model model = Model::Open(testutil::WriteTextModel(dir)).value();
  const auto name = [&](TokenId id) {
    return TokenClassName(ClassOfToken(model.tokenizer(), id));
  };
  EXPECT_EQ(name(0), "other");    // BOS
  EXPECT_EQ(name(2), "part");     // "a"
  EXPECT_EQ(name(10), "blank");   // " "
  EXPECT_EQ(name(13), "word");    // " ab"
  EXPECT_EQ(name(14), "number");  // "0"
  EXPECT_EQ(TokenClassName(ClassOfToken(nullptr, 3)), "other");
}

TEST(DepthErrorTest, SaysWhatIsWrong) {
  const Model model = Tiny();
  const auto message = [](const auto& result) {
    return result.ok() ? std::string("ok") : result.error().message;
  };
  EXPECT_THAT(message(MeasureDepths(model, {})), HasSubstr("no position"));
  EXPECT_THAT(message(MeasureDepths(model, kWindows, {.skip_first = 9})),
              HasSubstr("no position"));
  EXPECT_THAT(message(MeasureDepths(model, Windows{{1, 99999}})),
              HasSubstr("99999"));
  std::stop_source stop;
  stop.request_stop();
  const auto stopped =
      MeasureDepths(model, kWindows, {.stop = stop.get_token()});
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace pellucid
