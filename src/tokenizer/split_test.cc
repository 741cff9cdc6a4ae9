#include "tokenizer/split.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Views = std::vector<std::string_view>;

Views Split(std::string_view text, std::string_view pattern,
            SplitBehavior behavior, bool invert = false) {
  Views pieces;
  TextBudget budget(text.size());
  AppendSplit(text, Regex::Compile(pattern)->FindAll(text, budget).value(),
              behavior, invert, pieces);
  return pieces;
}

// formats 6.10, from the real library.
TEST(SplitTest, TheFiveBehaviours) {
  const std::string_view text = "a  b c ";
  EXPECT_THAT(Split(text, " ", SplitBehavior::kRemoved),
              ElementsAre("a", "b", "c"));
  EXPECT_THAT(Split(text, " ", SplitBehavior::kIsolated),
              ElementsAre("a", " ", " ", "b", " ", "c", " "));
  EXPECT_THAT(Split(text, " ", SplitBehavior::kMergedWithPrevious),
              ElementsAre("a ", " ", "b ", "c "));
  EXPECT_THAT(Split(text, " ", SplitBehavior::kMergedWithNext),
              ElementsAre("a", " ", " b", " c", " "));
  EXPECT_THAT(Split(text, " ", SplitBehavior::kContiguous),
              ElementsAre("a", "  ", "b", " ", "c", " "));
}

TEST(SplitTest, InvertedRolesChange) {
  const std::string_view text = "a  b c ";
  EXPECT_THAT(Split(text, " ", SplitBehavior::kRemoved, /*invert=*/true),
              ElementsAre(" ", " ", " ", " "));
  EXPECT_THAT(
      Split(text, " ", SplitBehavior::kMergedWithPrevious, /*invert=*/true),
      ElementsAre("a", " ", " b", " c", " "));
  EXPECT_THAT(Split(text, " ", SplitBehavior::kMergedWithNext, /*invert=*/true),
              ElementsAre("a ", " ", "b ", "c "));
  EXPECT_THAT(Split(text, " ", SplitBehavior::kIsolated, /*invert=*/true),
              ElementsAre("a", " ", " ", "b", " ", "c", " "));
}

TEST(SplitTest, EmptyMatchesCutButAreNoPieces) {
  EXPECT_THAT(Split("abb", "(?=b)", SplitBehavior::kIsolated),
              ElementsAre("a", "b", "b"));
  EXPECT_THAT(Split("", "x*", SplitBehavior::kIsolated), IsEmpty());
}

TEST(SplitTest, WithoutMatchesTheTextIsOnePiece) {
  EXPECT_THAT(Split("abc", " ", SplitBehavior::kRemoved), ElementsAre("abc"));
  EXPECT_THAT(Split("abc", " ", SplitBehavior::kRemoved, /*invert=*/true),
              IsEmpty());
}

}  // namespace
}  // namespace pellucid
