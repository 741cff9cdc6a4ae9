#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tokenizer/pre_tokenizer.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Pieces = std::vector<std::string>;

Pieces Split(const std::vector<PreTokenizerStepPtr>& steps,
             std::string_view text, bool at_start = false) {
  const PreTokenizer pre{.steps = steps};
  Pieces pieces;
  TextBudget budget(text.size());
  const Status status = pre.ForEachPiece(
      text, budget, [&](std::string_view piece) { pieces.emplace_back(piece); },
      at_start);
  EXPECT_TRUE(status.ok()) << status.error().message;
  return pieces;
}

// formats 6.12.3: Unicode 8.0.
TEST(PreTokenizerStepsTest, PunctuationIsOld) {
  const auto step = MakePunctuationStep(SplitBehavior::kIsolated);
  EXPECT_THAT(Split({step}, "a$b\u166dc\u2e43d\u00abe"),
              ElementsAre("a", "$", "b", "\u166d", "c\u2e43d", "\u00ab", "e"));
  EXPECT_THAT(Split({MakePunctuationStep(SplitBehavior::kContiguous)}, "a..b"),
              ElementsAre("a", "..", "b"));
}

TEST(PreTokenizerStepsTest, SpacesAreThe25) {
  const auto step = MakeSpacesStep(SplitBehavior::kRemoved);
  EXPECT_THAT(Split({step}, " a\u00a0b\u200bc\u3000"),
              ElementsAre("a", "b\u200bc"));
}

TEST(PreTokenizerStepsTest, WordsAndTheRest) {
  EXPECT_THAT(Split({MakeWordsStep()}, "a_1 ++ b\u200dc.d"),
              ElementsAre("a_1", "++", "b\u200dc", ".", "d"));
  EXPECT_THAT(Split({MakeWordsStep()}, " \n"), IsEmpty());
}

TEST(PreTokenizerStepsTest, MetaspaceMarksBeginnings) {
  const auto always =
      MakeMetaspaceStep("\u2581", MetaspaceScheme::kAlways, true);
  EXPECT_THAT(Split({always}, "a  b"),
              ElementsAre("\u2581a", "\u2581", "\u2581b"));
  EXPECT_THAT(Split({always}, " a"), ElementsAre("\u2581a"));
  EXPECT_THAT(Split({always}, "\u2581a"), ElementsAre("\u2581a"));
  const auto whole =
      MakeMetaspaceStep("\u2581", MetaspaceScheme::kNever, false);
  EXPECT_THAT(Split({whole}, "a b"), ElementsAre("a\u2581b"));
}

TEST(PreTokenizerStepsTest, FirstIsWhereTheTextBegins) {
  const auto first = MakeMetaspaceStep("_", MetaspaceScheme::kFirst, true);
  EXPECT_THAT(Split({first}, "a b", /*at_start=*/true),
              ElementsAre("_a", "_b"));
  EXPECT_THAT(Split({first}, "a b", /*at_start=*/false),
              ElementsAre("a", "_b"));
  // The first piece that is left stands further on.
  const auto spaces = MakeSpacesStep(SplitBehavior::kRemoved);
  EXPECT_THAT(Split({spaces, first}, "a b", true), ElementsAre("_a", "b"));
  EXPECT_THAT(Split({spaces, first}, " a b", true), ElementsAre("a", "b"));
}

// Kana are Han; a space goes with what is before it, and before all scripts is
// lost.
TEST(PreTokenizerStepsTest, ScriptsOfUnicode9) {
  const auto step = MakeScriptsStep();
  EXPECT_THAT(Split({step}, "ab \u043a\u30a2\u3042\u6771\u30fc1"),
              ElementsAre("ab ", "\u043a", "\u30a2\u3042\u6771\u30fc", "1"));
  EXPECT_THAT(Split({step}, " a"), ElementsAre("a"));
  EXPECT_THAT(Split({step}, "  "), IsEmpty());
}

TEST(PreTokenizerStepsTest, LengthsAreInCharacters) {
  EXPECT_THAT(Split({MakeFixedLengthStep(2)}, "\u00e9\u6771c"),
              ElementsAre("\u00e9\u6771", "c"));
}

TEST(PreTokenizerStepsTest, ADelimiterIsRemoved) {
  EXPECT_THAT(Split({MakeDelimiterStep(0x6771)}, "a\u6771\u6771b"),
              ElementsAre("a", "b"));
}

}  // namespace
}  // namespace pellucid
