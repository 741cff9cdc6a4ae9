#include "tokenizer/pre_pattern.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/golden_json.h"
#include "testutil/noise.h"
#include "tokenizer/regex.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using Pieces = std::vector<std::string>;

Pieces Split(PrePattern pattern, std::string_view text) {
  Pieces pieces;
  PieceCursor cursor(pattern, text);
  for (std::string_view piece; cursor.Next(piece);) pieces.emplace_back(piece);
  return pieces;
}

TEST(Gpt2PatternTest, WordsNumbersSignsAndSpaces) {
  EXPECT_THAT(Split(PrePattern::kGpt2, "Hello world 42!? a1b"),
              ElementsAre("Hello", " world", " 42", "!?", " a", "1", "b"));
  EXPECT_THAT(Split(PrePattern::kGpt2, "a  b   "),
              ElementsAre("a", " ", " b", "   "));
  EXPECT_THAT(Split(PrePattern::kGpt2, "\n\n x\t\ty"),
              ElementsAre("\n\n", " x", "\t", "\t", "y"));
}

TEST(Gpt2PatternTest, ContractionsInLowerCaseOnly) {
  EXPECT_THAT(
      Split(PrePattern::kGpt2, "it's we'll you'Re 'x"),
      ElementsAre("it", "'s", " we", "'ll", " you", "'", "Re", " '", "x"));
  EXPECT_THAT(Split(PrePattern::kGpt2, "'"), ElementsAre("'"));
  EXPECT_THAT(Split(PrePattern::kGpt2, "'r"), ElementsAre("'", "r"));
}

TEST(Gpt2PatternTest, EmptyTextHasNoPieces) {
  EXPECT_TRUE(Split(PrePattern::kGpt2, "").empty());
}

TEST(SmolLmPatternTest, DigitsStandAloneAndEndTheText) {
  // formats 6.12.6: without Digits the pieces would be "a", " ", " 1".
  EXPECT_THAT(Split(PrePattern::kSmolLm, "a  1"), ElementsAre("a", "  ", "1"));
  EXPECT_THAT(Split(PrePattern::kSmolLm, "x12 3"),
              ElementsAre("x", "1", "2", " ", "3"));
}

TEST(SmolLmPatternTest, DigitsAreNumericIncludingUnicode17) {
  // U+00BD one half, U+2160 roman one, U+11DE0 a digit of Unicode 17.
  EXPECT_THAT(Split(PrePattern::kSmolLm, "a\u00bd\u2160\U00011de0\U00011de1"),
              ElementsAre("a", "\u00bd", "\u2160", "\U00011de0", "\U00011de1"));
  // To the regular expression, Unicode 16, it is a sign among signs.
  EXPECT_THAT(Split(PrePattern::kGpt2, "\U00011de0\U00011de1"),
              ElementsAre("\U00011de0\U00011de1"));
}

// Appendix A of the format reference, from tokenizers 0.22.2.
TEST(Llama3PatternTest, ReferencePieces) {
  EXPECT_THAT(Split(PrePattern::kLlama3, "I'\u017fd"),
              ElementsAre("I", "'\u017f", "d"));
  EXPECT_THAT(Split(PrePattern::kLlama3, "a \u00a0b"),
              ElementsAre("a", " ", "\u00a0b"));
  EXPECT_THAT(Split(PrePattern::kLlama3, "x  \n y"),
              ElementsAre("x", "  \n", " y"));
  EXPECT_THAT(Split(PrePattern::kLlama3, "a\u180eb \u180e c"),
              ElementsAre("a", "\u180eb", " \u180e", " c"));
}

TEST(Llama3PatternTest, ThreeDigitsAPiece) {
  EXPECT_THAT(Split(PrePattern::kLlama3, "x 12345678"),
              ElementsAre("x", " ", "123", "456", "78"));
}

TEST(Llama3PatternTest, SignsTakeLineEndsAndWordsOneSign) {
  EXPECT_THAT(Split(PrePattern::kLlama3, "f();\r\n\n (word"),
              ElementsAre("f", "();\r\n\n", " (", "word"));
  EXPECT_THAT(Split(PrePattern::kLlama3, "'SHE'LL\nx"),
              ElementsAre("'S", "HE", "'LL", "\n", "x"));
}

TEST(Llama3PatternTest, SpacesUpToTheLastLineEnd) {
  EXPECT_THAT(Split(PrePattern::kLlama3, " \n \r  x"),
              ElementsAre(" \n \r", " ", " x"));
  EXPECT_THAT(Split(PrePattern::kLlama3, "\t\t \n\t"),
              ElementsAre("\t\t \n", "\t"));
}

TEST(Qwen2PatternTest, OneDigitAPiece) {
  EXPECT_THAT(Split(PrePattern::kQwen2, "it's 12"),
              ElementsAre("it", "'s", " ", "1", "2"));
}

TEST(O200kPatternTest, WordsBreakWhereCapitalsFollowSmallLetters) {
  EXPECT_THAT(Split(PrePattern::kO200k, "camelCase HTMLParser'S x"),
              ElementsAre("camel", "Case", " HTMLParser'S", " x"));
  EXPECT_THAT(Split(PrePattern::kTekken, "it's 12"),
              ElementsAre("it", "'s", " ", "1", "2"));
}

// A* gives back to B+ the last character that is in both; a mark may be the
// sign before a word, a word, or the end of one.
TEST(O200kPatternTest, CharactersOfBothCases) {
  EXPECT_THAT(Split(PrePattern::kO200k, "\u3042BC"),
              ElementsAre("\u3042", "BC"));
  EXPECT_THAT(Split(PrePattern::kO200k, "\u0301BC"),
              ElementsAre("\u0301", "BC"));
  EXPECT_THAT(Split(PrePattern::kO200k, "!\u0301!"),
              ElementsAre("!\u0301", "!"));
}

TEST(O200kPatternTest, SignsTakeLineEndsAndSlashes) {
  EXPECT_THAT(Split(PrePattern::kO200k, " //\n/\r\n x"),
              ElementsAre(" //\n/\r\n", " x"));
}

TEST(Cl100kPatternTest, WhereItDiffersFromLlama3) {
  EXPECT_THAT(Split(PrePattern::kCl100k, "a123456"),
              ElementsAre("a", "123456"));
  EXPECT_THAT(Split(PrePattern::kCl100k, "x\n  "), ElementsAre("x", "\n  "));
  EXPECT_THAT(Split(PrePattern::kLlama3, "x\n  "),
              ElementsAre("x", "\n", "  "));
  EXPECT_THAT(Split(PrePattern::kCl100k, " \n x"), ElementsAre(" \n", " x"));
}

// Each matcher against its own expression in the engine that HF runs.
TEST(PrePatternTest, MatchersEqualTheirExpressions) {
  const std::vector<std::string> expressions = {
      R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+)"
      R"(|\s+(?!\S)|\s+)",
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
      R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
      R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+)"
      R"(| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s)",
      R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*)"
      R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
      R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+)"
      R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
      R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
      R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*)"
      R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
      R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+)"
      R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
      R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
  const std::vector<std::string> parts = {
      " ",          "\n",        "\r",     "\t",     "a",      "Z",
      "'",          "s",         "'s",     "'LL",    "1",      "\u00bd",
      "!",          "/",         "\u00a0", "\u017f", "\u0301", "\u6771",
      "\u3000",     "\u01c5",    "\u02b0", "\u00e9", "\u00c9", "\u180e",
      "\U0001f600", "\U000e0101"};
  testutil::Random random(/*seed=*/13);
  for (const std::string& expression : expressions) {
    const auto pattern = FindPrePattern(expression);
    ASSERT_TRUE(pattern) << expression;
    const Regex regex = Regex::Compile(expression).value();
    for (int round = 0; round < 3000; ++round) {
      std::string text;
      for (auto n = random.Below(10); n > 0; --n) {
        text += parts[random.Below(parts.size())];
      }
      Pieces expected;
      TextBudget budget(text.size());
      for (const MatchSpan& span : regex.FindAll(text, budget).value()) {
        expected.push_back(text.substr(span.begin, span.end - span.begin));
      }
      EXPECT_EQ(Split(*pattern, text), expected) << NameOf(*pattern);
    }
  }
}

TEST(PrePatternTest, OtherExpressionsAreNotKnown) {
  EXPECT_EQ(FindPrePattern(""), std::nullopt);
  EXPECT_EQ(FindPrePattern("\\s+"), std::nullopt);
}

TEST(PrePatternTest, DigitsAloneOrInRuns) {
  EXPECT_EQ(DigitsSegmentEnd("12a", 0, /*runs=*/false), 1U);
  EXPECT_EQ(DigitsSegmentEnd("12a", 0, /*runs=*/true), 2U);
  EXPECT_EQ(DigitsSegmentEnd("ab1", 0, /*runs=*/true), 2U);
}

struct GoldenCase {
  const char* name;
  PrePattern pattern;
};

class PrePatternGoldenTest : public ::testing::TestWithParam<GoldenCase> {};

TEST_P(PrePatternGoldenTest, PiecesAreThoseOfTokenizers) {
  auto texts = testutil::GoldenStrings("tokenizer/corpus.json", "");
  const auto golden =
      testutil::GoldenRows("tokenizer/pretokenize.json", GetParam().name);
  if (GetParam().pattern == PrePattern::kQwen2) {
    for (const auto& [index, nfc] : testutil::GoldenMap(
             "tokenizer/pretokenize.json", "nfc_where_changed")) {
      texts[std::stoul(index)] = nfc;
    }
  }
  ASSERT_EQ(texts.size(), golden.size());
  ASSERT_FALSE(texts.empty());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::vector<std::int32_t> lengths;
    for (const auto& piece : Split(GetParam().pattern, texts[i])) {
      lengths.push_back(static_cast<std::int32_t>(piece.size()));
    }
    EXPECT_EQ(lengths, golden[i]) << "text " << i << ": " << texts[i];
  }
}

INSTANTIATE_TEST_SUITE_P(
    Patterns, PrePatternGoldenTest,
    ::testing::Values(GoldenCase{"gpt-2", PrePattern::kGpt2},
                      GoldenCase{"smollm", PrePattern::kSmolLm},
                      GoldenCase{"llama-bpe", PrePattern::kLlama3},
                      GoldenCase{"qwen2", PrePattern::kQwen2}),
    [](const auto& test) {
      std::string name = test.param.name;
      std::erase(name, '-');
      return name;
    });

// What the encoder relies on: nothing lost, nothing empty.
TEST(PieceCursorTest, PiecesTileAnyText) {
  const std::vector<std::string> parts = {
      " ",      "\n",     "\r",     "\t",     "a",          "Z",
      "'",      "s",      "1",      "\u00bd", "!",          "\u00a0",
      "\u017f", "\u0301", "\u6771", "\u3000", "\U0001f600", "\U00011de0"};
  testutil::Random random(/*seed=*/7);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::uint64_t n = random.Below(12); n > 0; --n) {
      text += parts[random.Below(parts.size())];
    }
    for (const auto pattern :
         {PrePattern::kGpt2, PrePattern::kSmolLm, PrePattern::kLlama3,
          PrePattern::kQwen2, PrePattern::kCl100k, PrePattern::kO200k,
          PrePattern::kTekken}) {
      std::string joined;
      for (const auto& piece : Split(pattern, text)) {
        EXPECT_FALSE(piece.empty());
        joined += piece;
      }
      EXPECT_EQ(joined, text);
    }
  }
}

// Runs that a backtracking engine takes quadratic time or its whole stack for.
TEST(PieceCursorTest, LongRunsAreLinear) {
  const std::string spaces(1'000'000, ' ');
  EXPECT_EQ(Split(PrePattern::kGpt2, spaces).size(), 1U);
  EXPECT_EQ(Split(PrePattern::kLlama3, spaces + "x").size(), 2U);
  EXPECT_EQ(Split(PrePattern::kLlama3, "\n" + spaces + "\nx").size(), 2U);
  EXPECT_EQ(Split(PrePattern::kSmolLm, std::string(1'000'000, '7')).size(),
            1'000'000U);
  std::string words;
  for (int i = 0; i < 300'000; ++i) words += "ab ";
  EXPECT_EQ(Split(PrePattern::kSmolLm, words).size(), 300'001U);
}

}  // namespace
}  // namespace pellucid
