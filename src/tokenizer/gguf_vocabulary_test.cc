#include "tokenizer/gguf_vocabulary.h"

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
  for (const MergePair& pair : MergesOfScores(tokens, scores)) {
    lines.push_back(std::string(pair.left) + " " + std::string(pair.right));
  }
  return lines;
}

TEST(GgufVocabularyTest, MergesFollowScoresThenLengths) {
  EXPECT_EQ(Merges({"a", "b", "ab", "abb", "bb", "c"}, {0, 0, -2, -3, -1, 0}),
            (Lines{"b b", "a b", "ab b", "a bb"}));
  // Of equal scores the longer left part first, then the earlier token.
  EXPECT_EQ(Merges({"a", "b", "ab", "ba", "aba"}, {0, 0, -1, -1, -1}),
            (Lines{"ab a", "a ba", "a b", "b a"}));
}

TEST(GgufVocabularyTest, PartsAreWholeCharacters) {
  EXPECT_EQ(Merges({"\u00e9", "\u6771", "\u00e9\u6771", "\xc3"}, {0, 0, 0, 0}),
            (Lines{"\u00e9 \u6771"}));
}

}  // namespace
}  // namespace pellucid
