#include <string>

#include "gtest/gtest.h"
#include "tokenizer/normalizer.h"

namespace pellucid {
namespace {

std::string Apply(const NormalizerStepPtr& step, std::string_view text) {
  Normalizer::Scratch scratch;
  TextBudget budget(text.size());
  return std::string(Normalizer({step}).Apply(text, scratch, budget).value());
}

bool KeepsStart(const NormalizerStepPtr& step, std::string_view text) {
  Normalizer::Scratch scratch;
  TextBudget budget(text.size());
  bool keeps = false;
  EXPECT_TRUE(Normalizer({step}).Apply(text, scratch, budget, &keeps).ok());
  return keeps;
}

TEST(NormalizerStepsTest, CleanTextIsOfUnicode8) {
  EXPECT_EQ(Apply(MakeCleanTextStep(), "a\tb\u00a0c\u3000d"), "a b c d");
  EXPECT_EQ(Apply(MakeCleanTextStep(), std::string("a\0b\ufffd\u0007", 7)),
            "ab");
  EXPECT_EQ(Apply(MakeCleanTextStep(), "a\u00ad\ue000\u200bb"), "ab");
  EXPECT_EQ(Apply(MakeCleanTextStep(), "\u0378"), "\u0378");  // unassigned
}

TEST(NormalizerStepsTest, IdeographsStandAlone) {
  EXPECT_EQ(Apply(MakeSpaceChineseStep(), "a\u4e2d\u6587b\u3042"),
            "a \u4e2d  \u6587 b\u3042");
  EXPECT_EQ(Apply(MakeSpaceChineseStep(), "\U00020000\U0002b820"),
            " \U00020000 \U0002b820");
}

TEST(NormalizerStepsTest, MarksOfUnicode8) {
  EXPECT_EQ(Apply(MakeDropMarksStep(), "e\u0301\u0903\u08d4"), "e\u0903\u08d4");
}

TEST(NormalizerStepsTest, Nmt) {
  EXPECT_EQ(Apply(MakeNmtStep(), "a\tb\u200ec\u2581d\ufeff"), "a b c d ");
  EXPECT_EQ(Apply(MakeNmtStep(), "a\u0001\u007f\u008fb\u00a0"), "ab\u00a0");
}

TEST(NormalizerStepsTest, BytesAreSpelt) {
  EXPECT_EQ(Apply(MakeSpellBytesStep(), " \u00e9"), "\u0120\u00c3\u00a9");
}

TEST(NormalizerStepsTest, WhatGoesFromTheFrontIsTold) {
  EXPECT_TRUE(KeepsStart(MakeNmtStep(), "\ta"));
  EXPECT_FALSE(KeepsStart(MakeNmtStep(), "\u0001a"));
  EXPECT_TRUE(KeepsStart(MakeStripStep(true, true), "a "));
  EXPECT_FALSE(KeepsStart(MakeStripStep(true, true), " a"));
  EXPECT_TRUE(KeepsStart(MakePrependStep("x"), "a"));
  const auto replace = [](const char* from, const char* to) {
    return MakeReplaceStep(TextPattern::Literal(from), to);
  };
  EXPECT_TRUE(KeepsStart(replace(" ", "_"), " a"));
  EXPECT_TRUE(KeepsStart(replace("  ", "_"), "a  "));
  EXPECT_FALSE(KeepsStart(replace("  ", "_"), "  a"));
  EXPECT_FALSE(KeepsStart(replace(" ", ""), " a"));
}

}  // namespace
}  // namespace pellucid
