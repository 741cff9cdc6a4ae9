#include <string>

#include "gtest/gtest.h"
#include "tokenizer/hf_sections.h"
#include "tokenizer/test_json.h"

namespace pellucid {
namespace {

using testutil::ErrorOf;

std::string Normalize(std::string_view json, std::string_view text) {
  const auto normalizer = ReadNormalizer(testutil::SectionText(json).section());
  if (!normalizer.ok()) return normalizer.error().message;
  Normalizer::Scratch scratch;
  TextBudget budget(text.size());
  return std::string(normalizer->Apply(text, scratch, budget).value());
}

TEST(HfNormalizerTest, EachTypeIsRead) {
  EXPECT_EQ(Normalize("null", " aB "), " aB ");
  EXPECT_EQ(Normalize(R"({"type": "NFC"})", "e\u0301"), "\u00e9");
  EXPECT_EQ(Normalize(R"({"type": "NFD"})", "\u00e9"), "e\u0301");
  EXPECT_EQ(Normalize(R"({"type": "NFKC"})", "\u2460"), "1");
  EXPECT_EQ(Normalize(R"({"type": "NFKD"})", "\ufb01"), "fi");
  EXPECT_EQ(Normalize(R"({"type": "Lowercase"})", "aB"), "ab");
  EXPECT_EQ(Normalize(R"({"type": "Prepend", "prepend": "_"})", " a"), "_ a");
  EXPECT_EQ(Normalize(R"({"type": "StripAccents"})", "e\u0301"), "e");
  EXPECT_EQ(Normalize(R"({"type": "Strip", "strip_left": true,
                          "strip_right": false})",
                      " a "),
            "a ");
  EXPECT_EQ(Normalize(R"({"type": "Nmt"})", "a\u0001\u200bb"), "a b");
  EXPECT_EQ(Normalize(R"({"type": "ByteLevel"})", " a"), "\u0120a");
  EXPECT_EQ(Normalize(R"({"type": "Precompiled"})", "a"), "a");
}

TEST(HfNormalizerTest, BertsPartsAreSwitches) {
  const auto bert = [](std::string_view fields) {
    return R"({"type": "BertNormalizer", )" + std::string(fields) + "}";
  };
  constexpr char kText[] = "\u00c9t\u00e9\u0001\u4e2d";
  EXPECT_EQ(Normalize(bert(R"("clean_text": true, "handle_chinese_chars": true,
                              "strip_accents": null, "lowercase": true)"),
                      kText),
            "ete \u4e2d ");
  EXPECT_EQ(Normalize(bert(R"("clean_text": false,
                              "handle_chinese_chars": false,
                              "strip_accents": false, "lowercase": true)"),
                      kText),
            "\u00e9t\u00e9\u0001\u4e2d");
  EXPECT_EQ(Normalize(bert(R"("clean_text": true,
                              "handle_chinese_chars": false,
                              "strip_accents": null, "lowercase": false)"),
                      kText),
            "\u00c9t\u00e9\u4e2d");
}

// formats 6.11: a String is no Regex.
TEST(HfNormalizerTest, ReplaceTakesStringOrRegex) {
  EXPECT_EQ(Normalize(R"({"type": "Replace", "pattern": {"String": "."},
                          "content": "_"})",
                      "a.b"),
            "a_b");
  EXPECT_EQ(Normalize(R"({"type": "Replace", "pattern": {"Regex": "."},
                          "content": "_"})",
                      "a.b"),
            "___");
}

TEST(HfNormalizerTest, ASequenceRunsInOrder) {
  EXPECT_EQ(Normalize(R"({"type": "Sequence", "normalizers": [
                {"type": "Prepend", "prepend": "\u2581"},
                {"type": "Replace", "pattern": {"String": " "},
                 "content": "\u2581"}]})",
                      "a b"),
            "\u2581a\u2581b");
}

TEST(HfNormalizerTest, OthersAreRefusedByName) {
  EXPECT_EQ(ErrorOf(ReadNormalizer, R"({"type": "Magic"})"),
            "open: t.json: unsupported tokenizer: section is \"Magic\"; "
            "supported: NFC, NFD, NFKC, NFKD, Replace, Prepend, Lowercase, "
            "Strip, StripAccents, BertNormalizer, Precompiled, Nmt, ByteLevel, "
            "Sequence");
  EXPECT_EQ(ErrorOf(ReadNormalizer, R"({"type": "Precompiled",
                                        "precompiled_charsmap": "a"})"),
            "open: t.json: tokenizer: section.precompiled_charsmap is no "
            "base64; get the file again");
  EXPECT_EQ(ErrorOf(ReadNormalizer, R"({"type": "Precompiled",
                                        "precompiled_charsmap": "/wAAAAAA"})"),
            "open: t.json: tokenizer: section.precompiled_charsmap says that "
            "its trie has 255 bytes of 2; get the file again");
  EXPECT_EQ(ErrorOf(ReadNormalizer, R"({"type": "Replace", "content": "",
                                        "pattern": {"Regex": "("}})"),
            "open: t.json: tokenizer: section.pattern: the pattern \"(\" is "
            "not valid: end pattern with unmatched parenthesis; get the file "
            "again");
  EXPECT_EQ(ErrorOf(ReadNormalizer, R"({"type": "Replace", "content": "",
                                        "pattern": {}})"),
            "open: t.json: tokenizer: section.pattern is neither a String nor "
            "a Regex; get the file again");
}

}  // namespace
}  // namespace pellucid
