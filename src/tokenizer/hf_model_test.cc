#include <string>

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
    EXPECT_FALSE(model->ignore_merges);
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
  EXPECT_TRUE(model->ignore_merges);
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

TEST(HfModelTest, WhatIsNotBuiltIsRefusedByName) {
  const std::string open = "open: t.json: unsupported tokenizer: section.";
  EXPECT_EQ(ErrorOf(ReadModel, R"({"type": "Unigram"})"),
            open + "type is \"Unigram\"; supported: BPE");
  EXPECT_EQ(ErrorOf(ReadModel, Model(R"(, "merges": [], "dropout": 0.1)")),
            open + "dropout is 0.1, ids would be random; supported: 0");
  EXPECT_EQ(ErrorOf(ReadModel,
                    Model(R"(, "merges": [], "end_of_word_suffix": "</w>")")),
            open + "end_of_word_suffix is \"</w>\"; supported: none");
  EXPECT_EQ(
      ErrorOf(ReadModel, Model(R"(, "merges": [], "byte_fallback": true)")),
      open + "byte_fallback is true; supported: false");
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
