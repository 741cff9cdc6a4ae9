#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tokenizer/hf_sections.h"
#include "tokenizer/test_json.h"
#include "tokenizer/tokenizer_impl.h"

namespace pellucid {
namespace {

using testutil::ErrorOf;
using testutil::SectionText;

// A BPE of a, b and ab with `fields` beside them.
std::string Model(const std::string& fields) {
  return R"({"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2})" + fields + "}";
}

TEST(HfModelTest, MergesOfBothForms) {
  for (const std::string merges :
       {R"(["#version: 0.2", "a b"])", R"([["a", "b"]])"}) {
    const SectionText text(Model(R"(, "merges": )" + merges));
    const auto model = ReadModel(text.section());
    ASSERT_TRUE(model.ok()) << model.error().message;
    EXPECT_EQ(model->count, 3U);
    EXPECT_EQ(model->vocabulary.Text(2), "ab");
    ASSERT_EQ(model->merges.size(), 1U);
    EXPECT_EQ(model->merges[0].left, "a");
    EXPECT_EQ(model->merges[0].right, "b");
    EXPECT_FALSE(model->options.ignore_merges);
  }
}

TEST(HfModelTest, FieldsOfTheModel) {
  const SectionText text(Model(R"(, "merges": [], "unk_token": "a",
      "fuse_unk": true, "ignore_merges": true, "dropout": null,
      "continuing_subword_prefix": "", "end_of_word_suffix": null,
      "byte_fallback": false)"));
  const auto model = ReadModel(text.section());
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_EQ(model->options.unknown, "a");
  EXPECT_TRUE(model->options.fuse_unknown);
  EXPECT_TRUE(model->options.ignore_merges);
}

TEST(HfModelTest, IdsMayBeLeftOut) {
  const SectionText text(R"({"vocab": {"b": 4, "a": 0}, "merges": []})");
  const auto model = ReadModel(text.section());
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_EQ(model->count, 2U);
  EXPECT_EQ(model->flags,
            (std::vector<std::uint8_t>{kModelToken, 0, 0, 0, kModelToken}));
  EXPECT_EQ(model->vocabulary.Find("b"), 4);
}

TEST(HfModelTest, SpellingsOfSymbols) {
  const SectionText text(Model(R"(, "merges": [], "byte_fallback": true,
      "continuing_subword_prefix": "##", "end_of_word_suffix": "</w>")"));
  const auto model = ReadModel(text.section());
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_TRUE(model->options.byte_fallback);
  EXPECT_EQ(model->options.prefix, "##");
  EXPECT_EQ(model->options.suffix, "</w>");
}

TEST(HfModelTest, OtherTypes) {
  const SectionText unigram(R"({"type": "Unigram", "unk_id": 1,
      "vocab": [["a", -1.5], ["<unk>", 0]], "byte_fallback": true})");
  const auto scored = ReadModel(unigram.section());
  ASSERT_TRUE(scored.ok()) << scored.error().message;
  EXPECT_EQ(scored->type, HfModelType::kUnigram);
  EXPECT_EQ(scored->scores, (std::vector<double>{-1.5, 0}));
  EXPECT_EQ(scored->unigram.unknown, 1);
  EXPECT_TRUE(scored->unigram.byte_fallback);
  const SectionText pieces(R"({"type": "WordPiece", "unk_token": "?",
      "continuing_subword_prefix": "+", "max_input_chars_per_word": 7,
      "vocab": {"a": 0}})");
  const auto word_piece = ReadModel(pieces.section());
  ASSERT_TRUE(word_piece.ok()) << word_piece.error().message;
  EXPECT_EQ(word_piece->type, HfModelType::kWordPiece);
  EXPECT_EQ(word_piece->word_piece.unknown, "?");
  EXPECT_EQ(word_piece->word_piece.prefix, "+");
  EXPECT_EQ(word_piece->word_piece.most_characters, 7U);
  const SectionText words(R"({"type": "WordLevel", "unk_token": "?",
      "vocab": {"a": 0}})");
  const auto word_level = ReadModel(words.section());
  ASSERT_TRUE(word_level.ok()) << word_level.error().message;
  EXPECT_EQ(word_level->type, HfModelType::kWordLevel);
  EXPECT_EQ(word_level->word_piece.unknown, "?");
}

TEST(HfModelTest, WhatIsNotBuiltIsRefusedByName) {
  const std::string open = "open: t.json: unsupported tokenizer: section.";
  EXPECT_EQ(ErrorOf(ReadModel, R"({"type": "Markov"})"),
            open +
                "type is \"Markov\"; supported: BPE, Unigram, WordPiece, "
                "WordLevel");
  EXPECT_EQ(ErrorOf(ReadModel, Model(R"(, "merges": [], "dropout": 0.1)")),
            open + "dropout is 0.1, ids would be random; supported: 0");
}

TEST(HfModelTest, DamagedUnigramsAreErrors) {
  const std::string open = "open: t.json: tokenizer: section.";
  const std::string end = "; get the file again";
  EXPECT_EQ(
      ErrorOf(ReadModel, R"({"type": "Unigram", "vocab": [["a"]]})"),
      open + "vocab has the entry 0 that is no pair of token and score" + end);
  EXPECT_EQ(ErrorOf(ReadModel, R"({"type": "Unigram", "vocab": []})"),
            open + "vocab has no tokens" + end);
  EXPECT_EQ(ErrorOf(ReadModel, R"({"type": "Unigram", "vocab": [["a", 0]],
                                   "unk_id": 1})"),
            open + "unk_id is 1, its ids go from 0 to 0" + end);
}

TEST(HfModelTest, DamagedVocabulariesAreErrors) {
  const std::string open = "open: t.json: tokenizer: section.vocab ";
  const std::string end = "; get the file again";
  const auto error = [](const std::string& vocab) {
    return ErrorOf(ReadModel, R"({"merges": [], "vocab": )" + vocab + "}");
  };
  EXPECT_EQ(error("[]"), open + "is no object" + end);
  EXPECT_EQ(error("{}"), open + "has no tokens" + end);
  EXPECT_EQ(error(R"({"a": -1})"),
            open + "gives \"a\" an id that is no number" + end);
  EXPECT_EQ(error(R"({"a": 0, "b": 0})"),
            open + "gives the id 0 to \"a\" and \"b\"" + end);
  EXPECT_EQ(error(R"({"a": 0, "a": 1})"), open + "has \"a\" twice" + end);
  EXPECT_EQ(error(R"({"a": 4000000000})"),
            open +
                "has 1 tokens and the id 4000000000, at most 1000000 may "
                "be left out" +
                end);
}

TEST(HfModelTest, DamagedMergesAreErrors) {
  for (const std::string merges :
       {"{}", "[1]", R"([["a"]])", R"([["a", "b", "c"]])", R"([["a", 1]])",
        R"(["a b c"])", R"(["a b", ["a", "b"]])", R"(["ab"])"}) {
    EXPECT_NE(ErrorOf(ReadModel, Model(R"(, "merges": )" + merges)), "no error")
        << merges;
  }
}

}  // namespace
}  // namespace pellucid
