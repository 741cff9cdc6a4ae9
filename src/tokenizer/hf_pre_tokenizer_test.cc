#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tokenizer/hf_sections.h"
#include "tokenizer/test_json.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using testutil::ErrorOf;
using testutil::SectionText;

PreTokenizer Read(std::string_view json) {
  const SectionText text(json);
  const auto pre = ReadPreTokenizer(text.section());
  EXPECT_TRUE(pre.ok()) << pre.error().message;
  return pre.value();
}

std::vector<std::string> Pieces(std::string_view json, std::string_view text) {
  std::vector<std::string> pieces;
  TextBudget budget(text.size());
  EXPECT_TRUE(Read(json)
                  .ForEachPiece(text, budget,
                                [&](std::string_view piece) {
                                  pieces.emplace_back(piece);
                                })
                  .ok());
  return pieces;
}

std::string Sequence(const std::string& steps) {
  return R"({"type": "Sequence", "pretokenizers": [)" + steps + "]}";
}

constexpr char kBytes[] =
    R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": false})";
constexpr char kGpt2[] = R"({"type": "ByteLevel", "add_prefix_space": false})";
constexpr char kDigits[] = R"({"type": "Digits", "individual_digits": true})";

TEST(HfPreTokenizerTest, NullLeavesTheTextWhole) {
  EXPECT_THAT(Pieces("null", "a b"), ElementsAre("a b"));
  EXPECT_FALSE(Read("null").byte_level);
}

TEST(HfPreTokenizerTest, KnownTokenisersAreOneMatcher) {
  const PreTokenizer gpt2 = Read(kGpt2);
  EXPECT_TRUE(gpt2.steps.empty());
  EXPECT_EQ(gpt2.last, PrePattern::kGpt2);
  EXPECT_TRUE(gpt2.byte_level);
  const PreTokenizer smollm =
      Read(Sequence(std::string(kDigits) + "," + kGpt2));
  EXPECT_TRUE(smollm.steps.empty());
  EXPECT_EQ(smollm.last, PrePattern::kSmolLm);
  const std::string split =
      R"({"type": "Split", "behavior": "Isolated", "invert": false,
          "pattern": {"Regex": "(?i:'s|'t|'re|'ve|'m|'ll|'d))"
      R"(|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3})"
      R"(| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+)"
      R"(|\\s+(?!\\S)|\\s+"}})";
  const PreTokenizer llama = Read(Sequence(split + "," + kBytes));
  EXPECT_TRUE(llama.steps.empty());
  EXPECT_EQ(llama.last, PrePattern::kLlama3);
  EXPECT_TRUE(llama.byte_level);
}

TEST(HfPreTokenizerTest, OtherPatternsAndBehavioursAreSteps) {
  EXPECT_THAT(Pieces(R"({"type": "Split", "behavior": "Removed",
                         "invert": true, "pattern": {"Regex": "[ab]+"}})",
                     "xabyb"),
              ElementsAre("ab", "b"));
  EXPECT_THAT(Pieces(R"({"type": "Split", "behavior": "MergedWithPrevious",
                         "invert": false, "pattern": {"String": "."}})",
                     "a.b"),
              ElementsAre("a.", "b"));
}

TEST(HfPreTokenizerTest, DigitsBothWays) {
  EXPECT_THAT(Pieces(kDigits, "a12"), ElementsAre("a", "1", "2"));
  EXPECT_THAT(
      Pieces(R"({"type": "Digits", "individual_digits": false})", "a12b"),
      ElementsAre("a", "12", "b"));
}

// formats 6.12.5: what follows the byte alphabet sees its characters.
TEST(HfPreTokenizerTest, StepsAfterByteLevelSeeTheAlphabet) {
  const std::string json = Sequence(std::string(kGpt2) + "," + kDigits);
  EXPECT_THAT(Pieces(json, "a \u00b2"),
              ElementsAre("a", "\u0120\u00c2", "\u00b2"));
  EXPECT_FALSE(Read(json).byte_level);
}

TEST(HfPreTokenizerTest, APrefixSpaceStandsBeforeEachPiece) {
  EXPECT_THAT(Pieces(Sequence(std::string(kDigits) +
                              R"(,{"type": "ByteLevel",
                                  "add_prefix_space": true})"),
                     "a1 b"),
              ElementsAre(" a", " 1", " b"));
}

TEST(HfPreTokenizerTest, ClassesOfCharacters) {
  EXPECT_THAT(Pieces(R"({"type": "Punctuation"})", "a.b!"),
              ElementsAre("a", ".", "b", "!"));
  EXPECT_THAT(
      Pieces(R"({"type": "Punctuation", "behavior": "Removed"})", "a.b!"),
      ElementsAre("a", "b"));
  EXPECT_THAT(Pieces(R"({"type": "Whitespace"})", "it's \u00a012"),
              ElementsAre("it", "'", "s", "12"));
  EXPECT_THAT(Pieces(R"({"type": "WhitespaceSplit"})", " it's\n12"),
              ElementsAre("it's", "12"));
  EXPECT_THAT(Pieces(R"({"type": "BertPreTokenizer"})", " it's 12"),
              ElementsAre("it", "'", "s", "12"));
  EXPECT_THAT(
      Pieces(R"({"type": "CharDelimiterSplit", "delimiter": "x"})", "axxb"),
      ElementsAre("a", "b"));
  EXPECT_THAT(Pieces(R"({"type": "FixedLength", "length": 2})", "ab\u00e9"),
              ElementsAre("ab", "\u00e9"));
  EXPECT_THAT(Pieces(R"({"type": "UnicodeScripts"})", "ab \u6771\u3042x"),
              ElementsAre("ab ", "\u6771\u3042", "x"));
}

TEST(HfPreTokenizerTest, MetaspaceOfAllSchemes) {
  const auto metaspace = [](std::string_view fields) {
    return R"({"type": "Metaspace", "replacement": "_")" + std::string(fields) +
           "}";
  };
  EXPECT_THAT(Pieces(metaspace(""), "a b"), ElementsAre("_a", "_b"));
  EXPECT_THAT(Pieces(metaspace(R"(, "split": false)"), "a b"),
              ElementsAre("_a_b"));
  EXPECT_THAT(Pieces(metaspace(R"(, "prepend_scheme": "never")"), "a b"),
              ElementsAre("a", "_b"));
  EXPECT_THAT(Pieces(metaspace(R"(, "add_prefix_space": false)"), "a b"),
              ElementsAre("a", "_b"));
  // Nothing says here that the piece begins the text.
  EXPECT_THAT(Pieces(metaspace(R"(, "prepend_scheme": "first")"), "a b"),
              ElementsAre("a", "_b"));
}

TEST(HfPreTokenizerTest, OthersAreRefusedByName) {
  EXPECT_EQ(ErrorOf(ReadPreTokenizer, R"({"type": "Magic"})"),
            "open: t.json: unsupported tokenizer: section is \"Magic\"; "
            "supported: Split, ByteLevel, Digits, Metaspace, Punctuation, "
            "Whitespace, WhitespaceSplit, BertPreTokenizer, "
            "CharDelimiterSplit, UnicodeScripts, FixedLength, Sequence");
  EXPECT_EQ(ErrorOf(ReadPreTokenizer, R"({"type": "Metaspace",
                        "replacement": "_", "add_prefix_space": false,
                        "prepend_scheme": "always"})"),
            "open: t.json: tokenizer: section.prepend_scheme is \"always\", "
            "but add_prefix_space is false; get the file again");
  EXPECT_EQ(ErrorOf(ReadPreTokenizer, R"({"type": "FixedLength",
                                          "length": 0})"),
            "open: t.json: tokenizer: section.length is 0, at least 1 is "
            "needed; get the file again");
  EXPECT_EQ(ErrorOf(ReadPreTokenizer, R"({"type": "Split", "behavior": "Odd",
                                          "pattern": {"String": "a"}})"),
            "open: t.json: tokenizer: section has the unknown behavior "
            "\"Odd\"; get the file again");
}

}  // namespace
}  // namespace pellucid
