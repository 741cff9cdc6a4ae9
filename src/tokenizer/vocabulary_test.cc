#include "tokenizer/vocabulary.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

TEST(VocabularyTest, FindsEveryTokenByText) {
  std::vector<std::string> texts;
  for (int i = 0; i < 5000; ++i) {
    texts.push_back(std::string(static_cast<std::size_t>(i % 23), 'x') +
                    std::to_string(i));
  }
  const std::vector<std::string_view> tokens(texts.begin(), texts.end());
  const Vocabulary vocabulary(tokens);
  ASSERT_EQ(vocabulary.size(), tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    EXPECT_EQ(vocabulary.Text(id), tokens[i]);
    EXPECT_EQ(vocabulary.Find(tokens[i]), id);
  }
  EXPECT_EQ(vocabulary.Find("absent"), std::nullopt);
  EXPECT_EQ(vocabulary.Find(""), std::nullopt);
}

TEST(VocabularyTest, OfEqualTokensTheLastIsFound) {
  const std::vector<std::string_view> tokens = {"a", "b", "a", ""};
  const Vocabulary vocabulary(tokens);
  EXPECT_EQ(vocabulary.Find("a"), 2);
  EXPECT_EQ(vocabulary.Text(0), "a");
  EXPECT_EQ(vocabulary.Find(""), 3);
}

TEST(VocabularyTest, BytesOfZeroCount) {
  const std::vector<std::string_view> tokens = {{"a", 1}, {"a\0", 2}};
  const Vocabulary vocabulary(tokens);
  EXPECT_EQ(vocabulary.Find({"a\0", 2}), 1);
  EXPECT_EQ(vocabulary.Find("a"), 0);
}

// Of every size around that of a word, tokens that differ in one byte alone.
TEST(VocabularyTest, EveryByteCounts) {
  std::vector<std::string> texts;
  for (std::size_t size = 1; size <= 27; ++size) {
    texts.emplace_back(size, 'a');
    for (std::size_t i = 0; i < size; ++i) {
      texts.emplace_back(size, 'a')[i] = 'b';
    }
  }
  const std::vector<std::string_view> tokens(texts.begin(), texts.end());
  const Vocabulary vocabulary(tokens);
  EXPECT_EQ(vocabulary.duplicate(), std::nullopt);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    EXPECT_EQ(vocabulary.Find(tokens[i]), static_cast<TokenId>(i)) << texts[i];
  }
  EXPECT_EQ(vocabulary.Find(std::string(28, 'a')), std::nullopt);
}

// Sizes from 255 on look alike in the table.
TEST(VocabularyTest, LongTokens) {
  std::vector<std::string> texts;
  for (std::size_t size = 250; size < 300; ++size) {
    texts.emplace_back(size, 'x');
  }
  const std::vector<std::string_view> tokens(texts.begin(), texts.end());
  const Vocabulary vocabulary(tokens);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    EXPECT_EQ(vocabulary.Find(tokens[i]), static_cast<TokenId>(i));
  }
  EXPECT_EQ(vocabulary.Find(std::string(300, 'x')), std::nullopt);
}

TEST(VocabularyTest, MayBeEmpty) {
  const Vocabulary vocabulary({});
  EXPECT_EQ(vocabulary.size(), 0U);
  EXPECT_EQ(vocabulary.Find("a"), std::nullopt);
}

TEST(VocabularyTest, ADuplicateIsKnown) {
  const std::vector<std::string_view> tokens = {"a", "b", {}, {}};
  EXPECT_EQ(Vocabulary(tokens).duplicate(), std::nullopt);
  const std::vector<std::string_view> twice = {"a", "b", "a"};
  EXPECT_EQ(Vocabulary(twice).duplicate(), 2);
}

TEST(VocabularyTest, AViewWithoutDataIsNoToken) {
  const std::vector<std::string_view> tokens = {"a", {}, "b"};
  const Vocabulary vocabulary(tokens);
  EXPECT_EQ(vocabulary.size(), 3U);
  EXPECT_EQ(vocabulary.Text(1), "");
  EXPECT_EQ(vocabulary.Find(""), std::nullopt);
  EXPECT_EQ(vocabulary.Find("b"), 2);
}

TEST(VocabularyTest, FindsManyAsOneByOne) {
  std::vector<std::string> texts;
  for (int i = 0; i < 700; ++i) {
    texts.push_back(std::to_string(i * i) + std::string(9, 'y'));
  }
  const std::vector<std::string_view> tokens(texts.begin(), texts.end());
  const Vocabulary vocabulary(tokens);
  std::vector<std::string> asked(texts.rbegin(), texts.rend());
  for (const std::string& text : texts) asked.push_back(text + "z");
  asked.push_back("");
  const std::vector<std::string_view> views(asked.begin(), asked.end());
  std::vector<TokenId> ids(views.size(), -2);
  vocabulary.FindMany(views, ids);
  for (std::size_t i = 0; i < views.size(); ++i) {
    EXPECT_EQ(ids[i], vocabulary.Find(views[i]).value_or(-1)) << views[i];
  }
}

}  // namespace
}  // namespace pellucid
