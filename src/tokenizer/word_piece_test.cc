#include "tokenizer/word_piece.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Ids = std::vector<TokenId>;
using Views = std::vector<std::string_view>;

Ids Encode(const PieceModel& model, std::string_view piece) {
  Ids ids;
  EXPECT_TRUE(model.Encode(piece, ids));
  return ids;
}

const Views kTokens = {"[UNK]", "un",     "##aff",    "##able",
                       "##a",   "\u00e9", "##\u00e9t"};

TEST(WordPieceTest, TheLongestTokenFirst) {
  const WordPiece model(Vocabulary(kTokens), {});
  EXPECT_THAT(Encode(model, "unaffable"), ElementsAre(1, 2, 3));
  EXPECT_THAT(Encode(model, "una"), ElementsAre(1, 4));
  EXPECT_THAT(Encode(model, "\u00e9\u00e9t"), ElementsAre(5, 6));
}

TEST(WordPieceTest, AWordIsUnknownAsAWhole) {
  const WordPiece model(Vocabulary(kTokens), {});
  EXPECT_THAT(Encode(model, "unx"), ElementsAre(0));
  EXPECT_THAT(Encode(model, "able"), ElementsAre(0));
  const WordPiece few(Vocabulary(kTokens), {.most_characters = 2});
  EXPECT_THAT(Encode(few, "un"), ElementsAre(1));
  EXPECT_THAT(Encode(few, "una"), ElementsAre(0));
}

TEST(WordPieceTest, TheUnknownTokenMayBeMissing) {
  const WordPiece model(Vocabulary(kTokens), {.unknown = "?"});
  Ids ids;
  EXPECT_TRUE(model.Encode("un", ids));
  EXPECT_FALSE(model.Encode("x", ids));
}

TEST(WordLevelTest, WholeWordsOnly) {
  const WordLevel model(Vocabulary(Views{"?", "word"}), "?");
  EXPECT_THAT(Encode(model, "word"), ElementsAre(1));
  EXPECT_THAT(Encode(model, "words"), ElementsAre(0));
  const WordLevel strict(Vocabulary(Views{"word"}), "?");
  Ids ids;
  EXPECT_FALSE(strict.Encode("words", ids));
  EXPECT_THAT(ids, IsEmpty());
}

}  // namespace
}  // namespace pellucid
