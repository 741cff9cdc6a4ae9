#include "tokenizer/pre_tokenizer.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Pieces = std::vector<std::string>;

Pieces Split(const PreTokenizer& pre, std::string_view text) {
  Pieces pieces;
  TextBudget budget(text.size());
  const Status status = pre.ForEachPiece(
      text, budget,
      [&](std::string_view piece) { pieces.emplace_back(piece); });
  EXPECT_TRUE(status.ok()) << status.error().message;
  return pieces;
}

PreTokenizerStepPtr OnSpaces(SplitBehavior behavior) {
  return MakeSplitStep(TextPattern::Literal(" "), behavior, /*invert=*/false);
}

TEST(PreTokenizerTest, WithoutStepsTheTextIsOnePiece) {
  EXPECT_THAT(Split({}, "a b"), ElementsAre("a b"));
  EXPECT_THAT(Split({}, ""), IsEmpty());
}

// formats 6.12.6: what a look-ahead sees ends with the piece.
TEST(PreTokenizerTest, EachPieceIsATextOfItsOwn) {
  const PreTokenizer digits{.steps = {MakeDigitsStep(/*runs=*/false)},
                            .last = PrePattern::kGpt2};
  EXPECT_THAT(Split(digits, "a  1"), ElementsAre("a", "  ", "1"));
  EXPECT_THAT(Split({.last = PrePattern::kGpt2}, "a  1"),
              ElementsAre("a", " ", " 1"));
}

TEST(PreTokenizerTest, StepsThatMakeTextFollowOneAnother) {
  const PreTokenizer pre{
      .steps = {OnSpaces(SplitBehavior::kRemoved), MakePrefixSpaceStep(),
                MakeByteAlphabetStep(), MakeDigitsStep(/*runs=*/true)}};
  EXPECT_THAT(Split(pre, "a12 \u00e9"),
              ElementsAre("\u0120a", "12", "\u0120\u00c3\u00a9"));
}

TEST(PreTokenizerTest, ASpaceIsPutWhereNoneIs) {
  const PreTokenizer pre{.steps = {MakePrefixSpaceStep()}};
  EXPECT_THAT(Split(pre, "a"), ElementsAre(" a"));
  EXPECT_THAT(Split(pre, " a"), ElementsAre(" a"));
  EXPECT_THAT(Split(pre, "\u00a0"), ElementsAre(" \u00a0"));
}

TEST(PreTokenizerTest, AMatcherMayStandInTheMiddle) {
  const PreTokenizer pre{.steps = {MakePatternStep(PrePattern::kGpt2),
                                   OnSpaces(SplitBehavior::kRemoved)}};
  EXPECT_THAT(Split(pre, "it's 12 "), ElementsAre("it", "'s", "12"));
}

TEST(PreTokenizerTest, AllMayBeRemoved) {
  const PreTokenizer pre{
      .steps = {OnSpaces(SplitBehavior::kRemoved), MakePrefixSpaceStep()}};
  EXPECT_THAT(Split(pre, "   "), IsEmpty());
}

TEST(PreTokenizerTest, ALimitThatIsReachedIsAnError) {
  const PreTokenizer pre{
      .steps = {MakeSplitStep(TextPattern::Compile("(?:a|a)*b").value(),
                              SplitBehavior::kIsolated, /*invert=*/false)}};
  const std::string text = std::string(60, 'a') + "-b";
  TextBudget budget(text.size());
  const Status status = pre.ForEachPiece(text, budget, [](std::string_view) {
    ADD_FAILURE() << "a piece of a text that cannot be cut";
  });
  EXPECT_FALSE(status.ok());
}

}  // namespace
}  // namespace pellucid
