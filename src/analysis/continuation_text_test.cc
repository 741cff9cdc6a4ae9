#include "analysis/continuation_text.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "pellucid/model.h"
#include "testutil/temp_dir.h"
#include "testutil/text_model.h"

namespace pellucid {
namespace {

using Pieces = std::vector<std::string>;

// Letters a to h are the tokens 2 to 9, a blank 10, "ab" 11, " a" 12, " ab" 13.
class ContinuationTextTest : public ::testing::Test {
 protected:
  ContinuationTextTest()
      : model_(Model::Open(testutil::WriteTextModel(dir_)).value()) {}

  // What each token gives, and the end.
  Pieces Run(const std::vector<TokenId>& ids, const Pieces& stops) {
    const std::vector<TokenId> prompt = {4, 5};
    ContinuationText text(*model_.tokenizer(), prompt, stops);
    Pieces out;
    std::string all;
    for (const TokenId id : ids) {
      out.push_back(text.Push(id));
      if (text.stopped()) break;
    }
    out.push_back(text.Finish());
    for (const std::string& piece : out) all += piece;
    EXPECT_EQ(all, text.text());
    stopped_ = text.stopped();
    return out;
  }

  testutil::TempDir dir_;
  Model model_;
  bool stopped_ = false;
};

TEST_F(ContinuationTextTest, ComesTokenByToken) {
  EXPECT_EQ(Run({2, 11, 13}, {}), (Pieces{"a", "ab", " ab", ""}));
  EXPECT_FALSE(stopped_);
}

TEST_F(ContinuationTextTest, EndsBeforeAStopText) {
  EXPECT_EQ(Run({2, 4, 5}, {"c"}), (Pieces{"a", "", ""}));
  EXPECT_TRUE(stopped_);
  // Within a token; the first place counts, whatever the order of the texts.
  EXPECT_EQ(Run({6, 13, 7}, {"b", "a"}), (Pieces{"e", " ", ""}));
}

TEST_F(ContinuationTextTest, HoldsBackWhatAStopTextMayBeginWith) {
  EXPECT_EQ(Run({2, 3, 4, 5}, {"bcd"}), (Pieces{"a", "", "", "", ""}));
  EXPECT_TRUE(stopped_);
  // It was none: all comes at once; at the end what is left comes too.
  EXPECT_EQ(Run({2, 3, 4, 6, 3, 4}, {"bcd"}),
            (Pieces{"a", "", "", "bce", "", "", "bc"}));
  EXPECT_FALSE(stopped_);
  // A beginning within a beginning.
  EXPECT_EQ(Run({3, 3, 4, 3, 3, 4, 5}, {"bbcd"}),
            (Pieces{"", "", "", "bbc", "", "", "", ""}));
  EXPECT_TRUE(stopped_);
}

TEST_F(ContinuationTextTest, TheLongestBeginningOfAnyIsHeld) {
  EXPECT_EQ(Run({3, 4, 6}, {"cd", "bcd"}), (Pieces{"", "", "bce", ""}));
}

}  // namespace
}  // namespace pellucid
