#include "tokenizer/prefix_trie.h"

#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using Found = std::vector<std::pair<std::size_t, std::size_t>>;

Found Prefixes(const PrefixTrie& trie, std::string_view text) {
  Found found;
  trie.ForEachPrefix(text, [&](std::size_t index, std::size_t bytes) {
    found.emplace_back(index, bytes);
  });
  return found;
}

TEST(PrefixTrieTest, FromTheShortest) {
  const std::vector<std::string_view> texts = {"abc", "a", "", "b", "ab", "a"};
  const PrefixTrie trie(texts);
  EXPECT_THAT(Prefixes(trie, "abcd"),
              ElementsAre(Pair(5, 1), Pair(4, 2), Pair(0, 3)));
  EXPECT_THAT(Prefixes(trie, "ax"), ElementsAre(Pair(5, 1)));
  EXPECT_THAT(Prefixes(trie, "c"), IsEmpty());
  EXPECT_THAT(Prefixes(trie, ""), IsEmpty());
}

TEST(PrefixTrieTest, EqualsALookUpOfEveryPrefix) {
  testutil::Random random(/*seed=*/3);
  std::vector<std::string> texts;
  std::map<std::string, std::size_t, std::less<>> last;
  for (std::size_t i = 0; i < 300; ++i) {
    std::string text;
    const std::size_t length = 1 + random.Below(5);
    while (text.size() < length) text += "ab\xff\0"[random.Below(4)];
    last[text] = i;
    texts.push_back(std::move(text));
  }
  const PrefixTrie trie{
      std::vector<std::string_view>(texts.begin(), texts.end())};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    while (text.size() < 8) text += "ab\xff\0"[random.Below(4)];
    Found expected;
    for (std::size_t n = 1; n <= text.size(); ++n) {
      const auto found = last.find(text.substr(0, n));
      if (found != last.end()) expected.emplace_back(found->second, n);
    }
    EXPECT_EQ(Prefixes(trie, text), expected);
  }
}

}  // namespace
}  // namespace pellucid
