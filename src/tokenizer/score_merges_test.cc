#include "tokenizer/score_merges.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pellucid {
namespace {

using Views = std::vector<std::string_view>;
using Lines = std::vector<std::string>;

Lines Merges(const Views& tokens, const std::vector<float>& scores) {
  Lines lines;
  const Vocabulary vocabulary(tokens);
  for (const auto& [left, right, result] : MergesOfScores(vocabulary, scores)) {
    const std::string a(vocabulary.Text(left)), b(vocabulary.Text(right));
    EXPECT_EQ(vocabulary.Find(a + b), result);
    lines.push_back(a + " " + b);
  }
  return lines;
}

TEST(ScoreMergesTest, MergesFollowScoresThenLengths) {
  EXPECT_EQ(Merges({"a", "b", "ab", "abb", "bb", "c"}, {0, 0, -2, -3, -1, 0}),
            (Lines{"b b", "a b", "ab b", "a bb"}));
  // Of equal scores the longer left part first, then the earlier token.
  EXPECT_EQ(Merges({"a", "b", "ab", "ba", "aba"}, {0, 0, -1, -1, -1}),
            (Lines{"ab a", "a ba", "a b", "b a"}));
}

// The scores of most files fall with the ids; those of some do not.
TEST(ScoreMergesTest, TheOrderOfTheFileDoesNotMatter) {
  EXPECT_EQ(Merges({"abc", "c", "ab", "b", "a", "bc"}, {-3, 0, -1, 0, 0, -2}),
            (Lines{"a b", "b c", "ab c", "a bc"}));
  EXPECT_EQ(Merges({"a", "b", "c", "ab", "bc", "abc"}, {0, 0, 0, -1, -2, -3}),
            (Lines{"a b", "b c", "ab c", "a bc"}));
}

TEST(ScoreMergesTest, PartsAreWholeCharacters) {
  EXPECT_EQ(Merges({"\u00e9", "\u6771", "\u00e9\u6771", "\xc3"}, {0, 0, 0, 0}),
            (Lines{"\u00e9 \u6771"}));
}

// Of equal tokens the last one counts, as part and as result.
TEST(ScoreMergesTest, EqualTokens) {
  const Vocabulary vocabulary(Views{"a", "aa", "a", "aa"});
  const auto merges =
      MergesOfScores(vocabulary, std::vector<float>{0, -1, 0, -2});
  ASSERT_EQ(merges.size(), 2U);
  for (const MergeIds& merge : merges) {
    EXPECT_EQ(merge.left, 2);
    EXPECT_EQ(merge.right, 2);
    EXPECT_EQ(merge.result, 3);
  }
}

// More tokens than are looked up together, and one that is too long to be cut.
TEST(ScoreMergesTest, ManyTokens) {
  std::vector<std::string> texts;
  for (std::size_t size = 1; size <= 257; ++size) texts.emplace_back(size, 'x');
  const std::vector<std::string_view> tokens(texts.begin(), texts.end());
  const Vocabulary vocabulary(tokens);
  std::vector<float> scores;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    scores.push_back(-static_cast<float>(i));
  }
  const auto merges = MergesOfScores(vocabulary, scores);
  ASSERT_EQ(merges.size(), 255U * 256U / 2);
  EXPECT_EQ(merges.back().left, 0);
  EXPECT_EQ(merges.back().right, 254);
  EXPECT_EQ(merges.back().result, 255);
}

}  // namespace
}  // namespace pellucid
