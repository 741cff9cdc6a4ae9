#include "tokenizer/merge_lines.h"

#include "gtest/gtest.h"

namespace pellucid {
namespace {

using Views = std::vector<std::string_view>;

TEST(MergeLinesTest, OneSpaceSplits) {
  const Views lines = {"a b", "\u0120 \u00e9", " b"};
  const auto merges = SplitMergeLines(lines, "m.gguf");
  ASSERT_TRUE(merges.ok()) << merges.error().message;
  ASSERT_EQ(merges->size(), 3U);
  EXPECT_EQ((*merges)[0].left, "a");
  EXPECT_EQ((*merges)[0].right, "b");
  EXPECT_EQ((*merges)[1].right, "\u00e9");
  EXPECT_EQ((*merges)[2].left, "");
}

TEST(MergeLinesTest, AMergeIsTwoTokensWithOneSpace) {
  for (const std::string line : {"", "ab", "a b c", "a  b"}) {
    const Views lines = {"a b", line};
    EXPECT_EQ(SplitMergeLines(lines, "m.gguf").error().message,
              "open: m.gguf: tokenizer: merge 1 (\"" + line +
                  "\") is not two tokens with one space; get the file "
                  "again");
  }
}

}  // namespace
}  // namespace pellucid
