#include "tokenizer/jinja/lexer.h"

#include <gtest/gtest.h>

#include <string>

namespace pellucid::jinja {
namespace {

// The data of a template, parts apart by "|".
std::string DataOf(std::string_view source) {
  const auto tokens = Tokenize(source);
  if (!tokens.ok()) return tokens.error().message;
  std::string out;
  for (const Token& token : *tokens) {
    if (token.kind != TokenKind::kData) continue;
    if (!out.empty()) out += '|';
    out += token.text;
  }
  return out;
}

TEST(LexerTest, ABlockTakesItsLineEndAndTheBlanksBefore) {
  EXPECT_EQ(DataOf("a\n  {% x %}\nb"), "a\n|b");
  EXPECT_EQ(DataOf("a  {% x %}\n\nb"), "a  |\nb");
  EXPECT_EQ(DataOf("  {{ x }}\nb"), "  |\nb");
  EXPECT_EQ(DataOf("\n  {# x #}\nb"), "\n|b");
}

TEST(LexerTest, SignsSayWhatBlanksStay) {
  EXPECT_EQ(DataOf("a \n {%- x -%} \n b"), "a|b");
  EXPECT_EQ(DataOf("\n  {%+ x +%}\nb"), "\n  |\nb");
  EXPECT_EQ(DataOf("a {{- x -}} b"), "a|b");
  EXPECT_EQ(DataOf("a {#- x -#} b"), "a|b");
}

TEST(LexerTest, ALastLineEndIsDropped) {
  EXPECT_EQ(DataOf("a\r\nb\r\n"), "a\nb");
  EXPECT_EQ(DataOf("a\n\n"), "a\n");
}

TEST(LexerTest, RawBlocksAreData) {
  EXPECT_EQ(DataOf("{% raw %}{{ x }}{% endraw %}y"), "{{ x }}|y");
  EXPECT_EQ(DataOf("{%- raw -%} {% a %} {%- endraw -%} z"), "{% a %}|z");
}

TEST(LexerTest, BracesWithinATagAreNotItsEnd) {
  const auto tokens = Tokenize("{{ {'a': {}} }}");
  ASSERT_TRUE(tokens.ok());
  EXPECT_EQ(tokens->size(), 9u);
}

TEST(LexerTest, NumbersAreInAnyBase) {
  const auto tokens = Tokenize("{{ 0x1f 0b11 0o17 1_000 1.5e3 2e-1 x.1.2 }}");
  ASSERT_TRUE(tokens.ok());
  EXPECT_EQ((*tokens)[1].integer, 31);
  EXPECT_EQ((*tokens)[2].integer, 3);
  EXPECT_EQ((*tokens)[3].integer, 15);
  EXPECT_EQ((*tokens)[4].integer, 1000);
  EXPECT_EQ((*tokens)[5].number, 1500);
  EXPECT_EQ((*tokens)[6].number, 0.2);
  EXPECT_EQ((*tokens)[9].integer, 1);
  EXPECT_EQ((*tokens)[11].integer, 2);
}

TEST(LexerTest, WhatHasNoEndIsNamed) {
  EXPECT_EQ(DataOf("\n{{ x"), "line 2: an expression has no end");
  EXPECT_EQ(DataOf("{% x"), "line 1: a block has no end");
  EXPECT_EQ(DataOf("{# x"), "line 1: a comment has no end");
  EXPECT_EQ(DataOf("{{ 'x }}"), "line 1: a string has no end");
  EXPECT_EQ(DataOf("{% raw %} x"), "line 1: a raw block has no end");
  EXPECT_EQ(DataOf("{{ ( ] }}"), "line 1: unexpected ]");
  EXPECT_EQ(DataOf("{{ ? }}"), "line 1: unexpected ?");
  EXPECT_EQ(DataOf("{{ '\\ud800' }}"),
            "line 1: a string holds an escape that is no character");
  EXPECT_EQ(DataOf("\xff"), "invalid UTF-8 at byte 0");
}

}  // namespace
}  // namespace pellucid::jinja
