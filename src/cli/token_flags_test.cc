#include "cli/token_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/run_cli.h"

namespace pellucid::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TokenFlagsTest : public ::testing::Test {
 protected:
  Result<TokenId> Token(const std::string& text) const {
    return ResolveToken(arguments_, "--answer", text, model_);
  }
  Result<std::vector<TokenId>> Answer(const std::string& text,
                                      AnswerMode mode) const {
    return ResolveAnswer(arguments_, "--answer", text, mode, model_);
  }

  testutil::TempDir dir_;
  Model model_ = Model::Open(testutil::WriteTextModel(dir_)).value();
  Arguments arguments_{"patch", ""};
};

TEST_F(TokenFlagsTest, ATextIsOneTokenOrAnId) {
  EXPECT_EQ(Token("a").value(), 2);
  EXPECT_EQ(Token(" ab").value(), 13);
  EXPECT_EQ(Token("id=7").value(), 7);
  EXPECT_THAT(Token("c ab").error().message,
              HasSubstr("patch: --answer: \"c ab\" makes 2 tokens: \"c\" (id "
                        "4), \" ab\" (id 13); give one token, or id=N"));
  EXPECT_THAT(Token("id=x").error().message, HasSubstr("names no token id"));
  EXPECT_FALSE(Token("").ok());
}

TEST_F(TokenFlagsTest, SeveralTokensNeedAMode) {
  EXPECT_THAT(Answer("c ab", AnswerMode::kSequence).value(),
              ElementsAre(4, 13));
  EXPECT_THAT(Answer("c ab", AnswerMode::kFirst).value(), ElementsAre(4));
  EXPECT_THAT(Answer("c", AnswerMode::kOne).value(), ElementsAre(4));
  EXPECT_THAT(Answer("id=3", AnswerMode::kOne).value(), ElementsAre(3));
  EXPECT_THAT(Answer("c ab", AnswerMode::kOne).error().message,
              HasSubstr("--answer-mode first or sequence"));
  EXPECT_FALSE(Answer("", AnswerMode::kSequence).ok());
  EXPECT_EQ(AnswerModeFromName("sequence"), AnswerMode::kSequence);
  EXPECT_EQ(AnswerModeFromName("one"), AnswerMode::kOne);
}

}  // namespace
}  // namespace pellucid::cli
