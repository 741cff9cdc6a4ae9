#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tokenizer/hf_sections.h"
#include "tokenizer/test_json.h"

namespace pellucid {
namespace {

using testutil::SectionText;

// Three tokens with the ids 0, 1 and 5.
HfModel Model() {
  HfModel model;
  const SectionText text(R"({"a": 0, "b": 1, "ab": 5})");
  EXPECT_TRUE(ReadVocab(text.section(), model).ok());
  return model;
}

Result<std::vector<AddedEntry>> Read(std::string_view json) {
  const HfModel model = Model();
  const SectionText text(json, "added_tokens");
  AddedTokenList list(model);
  PELLUCID_RETURN_IF_ERROR(ReadAddedTokens(text.section(), list));
  return std::move(list).Take();
}

std::string ErrorOf(std::string_view json) {
  const auto entries = Read(json);
  return entries.ok() ? "no error" : entries.error().message;
}

TEST(HfAddedTokensTest, IdsAreTheModelsElseTheNext) {
  const auto entries = Read(R"([{"id": 3, "content": "<x>"},
                                {"id": 1, "content": "b"},
                                {"id": 4, "content": "<y>"}])");
  ASSERT_TRUE(entries.ok()) << entries.error().message;
  ASSERT_EQ(entries->size(), 3U);
  EXPECT_EQ((*entries)[0].id, 3);  // the model counts three tokens
  EXPECT_EQ((*entries)[1].id, 1);
  EXPECT_EQ((*entries)[2].id, 4);
}

TEST(HfAddedTokensTest, FlagsAreRead) {
  const auto entries = Read(R"([{"id": 3, "content": "<x>", "special": true,
      "single_word": true, "lstrip": true, "rstrip": true,
      "normalized": true}, {"id": 4, "content": "<y>"},
      {"id": 5, "content": ""}])");
  ASSERT_TRUE(entries.ok()) << entries.error().message;
  ASSERT_EQ(entries->size(), 2U);  // without content it is nothing
  const AddedEntry& all = (*entries)[0];
  EXPECT_TRUE(all.special && all.single_word && all.lstrip && all.rstrip &&
              all.normalized);
  EXPECT_FALSE((*entries)[1].special);
  EXPECT_TRUE((*entries)[1].normalized);
}

// tokenizers 0.23.3: the later flags count, and special stays.
TEST(HfAddedTokensTest, TheSameContentStaysOneToken) {
  const auto entries = Read(R"([{"id": 3, "content": "<x>", "special": true},
               {"id": 3, "content": "<x>", "lstrip": true}])");
  ASSERT_TRUE(entries.ok()) << entries.error().message;
  ASSERT_EQ(entries->size(), 1U);
  EXPECT_TRUE((*entries)[0].lstrip);
  EXPECT_TRUE((*entries)[0].special);
}

TEST(HfAddedTokensTest, AnotherIdThanStatedIsAnError) {
  EXPECT_EQ(ErrorOf(R"([{"id": 7, "content": "<x>"}])"),
            "open: t.json: tokenizer: added_tokens[0] gives \"<x>\" the id 7, "
            "but it follows to 3; get the file again");
  // Not behind the highest token of the model.
  EXPECT_EQ(ErrorOf(R"([{"id": 5, "content": "ab"},
                        {"id": 6, "content": "<x>"}])"),
            "open: t.json: tokenizer: added_tokens[1] gives \"<x>\" the id 6, "
            "but it follows to 3; get the file again");
}

// tokenizers 0.23.3: ids that the model leaves out do not count, so the next
// one may be a token of the model, or one that was added.
TEST(HfAddedTokensTest, AnIdMayBeTakenTwice) {
  const auto entries = Read(R"([{"id": 5, "content": "ab"},
                                {"id": 3, "content": "<x>"},
                                {"id": 4, "content": "<y>"},
                                {"id": 5, "content": "<z>"}])");
  ASSERT_TRUE(entries.ok()) << entries.error().message;
  ASSERT_EQ(entries->size(), 3U);
  EXPECT_EQ((*entries)[0].content, "<z>");
  EXPECT_EQ((*entries)[0].id, 5);
  EXPECT_EQ((*entries)[1].id, 3);
  EXPECT_EQ((*entries)[2].id, 4);
}

// In a call of its own, upstream goes on behind all that were added.
TEST(HfAddedTokensTest, ALaterCallGoesOnBehindTheHighestAddedToken) {
  const HfModel model = Model();
  AddedTokenList list(model);
  const SectionText text("null");
  ASSERT_TRUE(list.Add({.content = "ab"}, std::nullopt, text.section()).ok());
  list.BeginCall();
  ASSERT_TRUE(list.Add({.content = "<x>"}, std::nullopt, text.section()).ok());
  EXPECT_EQ(list.Find("<x>"), 6);
}

TEST(HfAddedTokensTest, DamagedListsAreErrors) {
  EXPECT_EQ(ErrorOf("null"), "no error");
  for (const std::string json :
       {"{}", "[1]", R"([{"id": 3}])", R"([{"content": "x"}])",
        R"([{"id": 3, "content": "x", "lstrip": 1}])"}) {
    EXPECT_NE(ErrorOf(json), "no error") << json;
  }
}

TEST(HfAddedTokensTest, FindsAddedAndModelTokens) {
  const HfModel model = Model();
  AddedTokenList list(model);
  const SectionText text("null");
  ASSERT_TRUE(list.Add({.content = "<x>"}, std::nullopt, text.section()).ok());
  EXPECT_EQ(list.Find("<x>"), 3);
  EXPECT_TRUE(list.MarkSpecial("<x>"));
  EXPECT_FALSE(list.MarkSpecial("ab"));  // of the model, not added
  EXPECT_EQ(list.Find("ab"), 5);
  EXPECT_EQ(list.Find("c"), std::nullopt);
}

}  // namespace
}  // namespace pellucid
