#include "tokenizer/merge_reader.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

using Views = std::vector<std::string_view>;

TEST(MergeReaderTest, APrefixIsLeftOut) {
  const Vocabulary vocabulary(Views{"a", "##b", "ab"});
  const std::vector<MergePair> merges = {{"a", "##b"}};
  const auto table = ReadMergePairs(vocabulary, merges, 2, "t.json");
  ASSERT_TRUE(table.ok()) << table.error().message;
  const Merge* merge = table->Find(0, 1);
  ASSERT_NE(merge, nullptr);
  EXPECT_EQ(merge->result, 2);
  EXPECT_EQ(table->Find(1, 0), nullptr);
}

TEST(MergeReaderTest, APartShorterThanThePrefix) {
  const Vocabulary vocabulary(Views{"a", "b", "ab"});
  const std::vector<MergePair> merges = {{"a", "b"}};
  const auto table = ReadMergePairs(vocabulary, merges, 2, "t.json");
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.error().message,
            "open: t.json: tokenizer: merge 0 (\"a b\") needs the token "
            "\"a\", which the vocabulary lacks; get the file again");
}

}  // namespace
}  // namespace pellucid
