#include "tokenizer/normalizer.h"

#include <string>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

std::string Apply(std::vector<NormalizerStepPtr> steps, std::string_view text) {
  Normalizer::Scratch scratch;
  TextBudget budget(text.size());
  const auto result = Normalizer(std::move(steps)).Apply(text, scratch, budget);
  return result.ok() ? std::string(*result) : result.error().message;
}

TEST(NormalizerTest, WithoutStepsTheTextItself) {
  const std::string text = "a \u00e9";
  Normalizer::Scratch scratch;
  TextBudget budget(text.size());
  EXPECT_EQ(Normalizer().Apply(text, scratch, budget)->data(), text.data());
}

TEST(NormalizerTest, StepsFollowOneAnother) {
  const auto step = [](std::string from, std::string to) {
    return MakeReplaceStep(TextPattern::Literal(std::move(from)),
                           std::move(to));
  };
  EXPECT_EQ(
      Apply({step("a", "bb"), step("x", "y"), step("b", "c"),
             MakeStripStep(true, true), step("c", "dd"), MakeLowercaseStep()},
            " aX "),
      "ddddx");
}

TEST(NormalizerTest, PrependIsUnconditionalButForNothing) {
  EXPECT_EQ(Apply({MakePrependStep("\u2581")}, " a"), "\u2581 a");
  EXPECT_EQ(Apply({MakePrependStep("_")}, ""), "");
  EXPECT_EQ(Apply({MakeStripStep(true, true), MakePrependStep("_")}, " "), "");
}

TEST(NormalizerTest, StripTakesUnicodeSpaces) {
  const std::string text = "\u3000 \na b\u00a0\u2028";
  EXPECT_EQ(Apply({MakeStripStep(true, false)}, text), "a b\u00a0\u2028");
  EXPECT_EQ(Apply({MakeStripStep(false, true)}, text), "\u3000 \na b");
  EXPECT_EQ(Apply({MakeStripStep(true, true)}, "\u180ea"), "\u180ea");
}

TEST(NormalizerTest, StripAccentsTakesMarksOfUnicode9) {
  EXPECT_EQ(Apply({MakeStripAccentsStep()}, "e\u0301\u00e9"), "e\u00e9");
  EXPECT_EQ(Apply({MakeStripAccentsStep()}, "a\u1df6\u1cf2"), "a\u1df6");
}

TEST(NormalizerTest, ReplacingEmptyMatchesInserts) {
  EXPECT_EQ(Apply({MakeReplaceStep(TextPattern::Compile("(?=b)").value(), "-")},
                  "abb"),
            "a-b-b");
}

TEST(NormalizerTest, ATextThatGrowsBeyondTheLimitIsAnError) {
  EXPECT_EQ(Apply({MakeReplaceStep(TextPattern::Literal("a"),
                                   std::string(1'000'000, 'b'))},
                  std::string(2000, 'a')),
            "its normaliser makes 2000000000 bytes of the text, at most "
            "1080576 are supported");
}

}  // namespace
}  // namespace pellucid
