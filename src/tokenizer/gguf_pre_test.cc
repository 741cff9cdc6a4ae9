#include "tokenizer/gguf_pre.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;

TEST(GgufPreTest, TheNamesOfOnePatternAreOneRule) {
  for (const std::string_view name : {"gpt-2", "phi-2", "mpt", "olmo"}) {
    ASSERT_NE(FindPreRule(name), nullptr) << name;
    EXPECT_EQ(FindPreRule(name)->pattern, PrePattern::kGpt2) << name;
  }
  for (const std::string_view name : {"smollm", "starcoder", "refact"}) {
    ASSERT_NE(FindPreRule(name), nullptr) << name;
    EXPECT_EQ(FindPreRule(name)->pattern, PrePattern::kSmolLm) << name;
    EXPECT_FALSE(FindPreRule(name)->adds_bos) << name;
  }
}

TEST(GgufPreTest, Llama3IgnoresMergesAndAddsBos) {
  for (const std::string_view name : {"llama-bpe", "llama3", "llama-v3"}) {
    ASSERT_NE(FindPreRule(name), nullptr) << name;
    EXPECT_EQ(FindPreRule(name)->pattern, PrePattern::kLlama3) << name;
    EXPECT_TRUE(FindPreRule(name)->ignore_merges) << name;
    EXPECT_TRUE(FindPreRule(name)->adds_bos) << name;
  }
  ASSERT_NE(FindPreRule("dbrx"), nullptr);
  EXPECT_EQ(FindPreRule("dbrx")->pattern, PrePattern::kLlama3);
  EXPECT_FALSE(FindPreRule("dbrx")->ignore_merges);
  EXPECT_FALSE(FindPreRule("dbrx")->adds_bos);
}

TEST(GgufPreTest, Qwen2Normalises) {
  ASSERT_NE(FindPreRule("qwen2"), nullptr);
  EXPECT_EQ(FindPreRule("qwen2")->pattern, PrePattern::kQwen2);
  EXPECT_TRUE(FindPreRule("qwen2")->nfc);
  EXPECT_FALSE(FindPreRule("qwen2")->ignore_merges);
}

TEST(GgufPreTest, O200kAndTekken) {
  ASSERT_NE(FindPreRule("llama4"), nullptr);
  EXPECT_EQ(FindPreRule("llama4")->pattern, PrePattern::kO200k);
  EXPECT_FALSE(FindPreRule("llama4")->ignore_merges);
  ASSERT_NE(FindPreRule("tekken"), nullptr);
  EXPECT_EQ(FindPreRule("tekken")->pattern, PrePattern::kTekken);
  EXPECT_TRUE(FindPreRule("tekken")->ignore_merges);
  EXPECT_TRUE(FindPreRule("tekken")->adds_bos);
}

std::vector<std::string> Pieces(std::string_view name, std::string_view text) {
  std::vector<std::string> pieces;
  const auto pre = PreTokenizerOf(*FindPreRule(name));
  EXPECT_TRUE(pre.ok()) << pre.error().message;
  TextBudget budget(text.size());
  EXPECT_TRUE(pre->ForEachPiece(text, budget,
                                [&](std::string_view piece) {
                                  pieces.emplace_back(piece);
                                })
                  .ok());
  return pieces;
}

TEST(GgufPreTest, ExpressionsOneAfterAnother) {
  EXPECT_THAT(Pieces("falcon", "it's $+ 12345"),
              ElementsAre("it", "'", "s", " ", "$+", " ", "123", "45"));
  EXPECT_THAT(Pieces("bloom", "ab c(d"), ElementsAre("ab", " c", "(", "d"));
  EXPECT_THAT(Pieces("viking", "ab12"), ElementsAre("ab", "1", "2"));
  EXPECT_THAT(Pieces("deepseek-v3", "x=1234 \u6771\u4eac!a"),
              ElementsAre("x", "=", "123", "4", " ", "\u6771\u4eac", "!a"));
  EXPECT_THAT(Pieces("deepseek-coder", "ab 12\n"),
              ElementsAre("ab", " ", "1", "2", "\n"));
  EXPECT_THAT(Pieces("gemma4", "a b\n\nc"), ElementsAre("a b", "\n\n", "c"));
}

TEST(GgufPreTest, OtherPatternsAreRefused) {
  for (const std::string_view name : {"", "default", "Qwen2"}) {
    EXPECT_EQ(FindPreRule(name), nullptr) << name;
  }
}

}  // namespace
}  // namespace pellucid
