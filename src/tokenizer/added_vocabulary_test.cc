#include "tokenizer/added_vocabulary.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

AddedVocabulary Make(std::vector<AddedEntry> entries,
                     const Normalizer& normalizer = {}) {
  return AddedVocabulary::Make(std::move(entries), normalizer, "t.json")
      .value();
}

std::string Found(const AddedTokens& tokens, std::string_view text) {
  std::string found;
  for (const AddedTokens::Match& match : tokens.Find(text)) {
    found += std::to_string(match.begin) + ":" + std::to_string(match.id) + " ";
  }
  return found;
}

Normalizer Lowercase() { return Normalizer({MakeLowercaseStep()}); }

TEST(AddedVocabularyTest, RawAndNormalizedTokensAreLookedForApart) {
  const AddedVocabulary added =
      Make({{.content = "<A>", .id = 7},
            {.content = "<B>", .id = 5, .normalized = true}},
           Lowercase());
  EXPECT_EQ(Found(added.raw(), "<A><B><b>"), "0:7 ");
  EXPECT_EQ(Found(added.normalized(), "<A><B><b>"), "6:5 ");
}

TEST(AddedVocabularyTest, FindsByIdAndByContent) {
  const AddedVocabulary added =
      Make({{.content = "b", .id = 9}, {.content = "a", .id = 4}});
  EXPECT_EQ(added.Find(9)->content, "b");
  EXPECT_EQ(added.Find(4)->content, "a");
  EXPECT_EQ(added.Find(5), nullptr);
  EXPECT_EQ(added.FindContent("a"), 4);
  EXPECT_EQ(added.FindContent("c"), std::nullopt);
}

// tokenizers 0.23.3: decode gives the normal form, and asks whether that is
// the content of a special token.
TEST(AddedVocabularyTest, ANormalizedTokenDecodesToItsNormalForm) {
  const AddedVocabulary added =
      Make({{.content = "FOO", .id = 3, .normalized = true, .special = true},
            {.content = "bar", .id = 4, .normalized = true, .special = true},
            {.content = "BAR", .id = 5, .normalized = true},
            {.content = "QUX", .id = 6, .special = true}},
           Lowercase());
  EXPECT_EQ(added.DecodedText(*added.Find(3)), "foo");
  EXPECT_FALSE(added.IsLeftOut(*added.Find(3)));
  EXPECT_TRUE(added.IsLeftOut(*added.Find(4)));
  EXPECT_TRUE(added.IsLeftOut(*added.Find(5)));
  EXPECT_EQ(added.DecodedText(*added.Find(6)), "QUX");
  EXPECT_TRUE(added.IsLeftOut(*added.Find(6)));
  // Both are "bar"; the special one is found.
  EXPECT_EQ(Found(added.normalized(), "bar"), "0:4 ");
}

TEST(AddedVocabularyTest, OfEqualContentsTheLastCounts) {
  const AddedVocabulary added =
      Make({{.content = "x", .id = 1}, {.content = "x", .id = 2}});
  EXPECT_EQ(Found(added.raw(), "x"), "0:2 ");
  EXPECT_EQ(added.FindContent("x"), 2);
}

TEST(AddedVocabularyTest, WhatNoTextContainsIsNeverFound) {
  const AddedVocabulary added =
      Make({{.content = "", .id = 1}, {.content = "\xb6\x61", .id = 2}});
  EXPECT_EQ(Found(added.raw(), "\u00f6a"), "");
}

// tokenizers 0.23.3: it is never found, and decodes to nothing, special or not.
TEST(AddedVocabularyTest, ATokenThatNormalisesToNothing) {
  const AddedVocabulary added =
      Make({{.content = "  ", .id = 1, .normalized = true, .special = true},
            {.content = " x", .id = 2, .normalized = true}},
           Normalizer({MakeStripStep(true, true)}));
  EXPECT_EQ(Found(added.raw(), "a  x"), "");
  EXPECT_EQ(Found(added.normalized(), "a  x"), "3:2 ");
  EXPECT_EQ(added.DecodedText(*added.Find(1)), "");
  EXPECT_FALSE(added.IsLeftOut(*added.Find(1)));
  EXPECT_EQ(added.DecodedText(*added.Find(2)), "x");
}

}  // namespace
}  // namespace pellucid
