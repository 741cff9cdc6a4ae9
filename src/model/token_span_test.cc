#include "model/token_span.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string_view>
#include <vector>

#include "pellucid/model.h"
#include "testutil/model_path.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TokenSpanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testutil::HasDefaultModel()) GTEST_SKIP() << "no default model";
    model_ = Model::Open(testutil::DefaultModelPath()).value();
    // "The| capital| of| France| is| the| capital"
    ids_ = model_->tokenizer()
               ->Encode("The capital of France is the capital",
                        {.add_special_tokens = false})
               .value()
               .ids;
  }
  Result<std::vector<std::size_t>> Find(std::string_view text) const {
    return TokensOfText(*model_->tokenizer(), ids_, text);
  }

  std::optional<Model> model_;
  std::vector<TokenId> ids_;
};

TEST_F(TokenSpanTest, EveryTokenThatTheTextTouchesIsFound) {
  ASSERT_EQ(ids_.size(), 7u);
  EXPECT_THAT(Find("France").value(), ElementsAre(3));
  EXPECT_THAT(Find("capital of").value(), ElementsAre(1, 2));
  EXPECT_THAT(Find("apital of Fr").value(), ElementsAre(1, 2, 3));
  EXPECT_THAT(Find("The").value(), ElementsAre(0));
  EXPECT_THAT(Find("The capital of France is the capital").value(),
              ElementsAre(0, 1, 2, 3, 4, 5, 6));
}

TEST_F(TokenSpanTest, WhatDoesNotOccurIsSaid) {
  EXPECT_THAT(Find("Rome").error().message, HasSubstr("does not occur"));
  EXPECT_THAT(Find("").error().message, HasSubstr("is empty"));
}

}  // namespace
}  // namespace pellucid
