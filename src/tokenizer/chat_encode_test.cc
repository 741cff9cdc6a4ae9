#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "formats/gguf.h"
#include "pellucid/chat.h"
#include "testutil/temp_dir.h"
#include "testutil/text_model.h"
#include "tokenizer/gguf_loader.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;

// Ids: testutil/text_model.h.
class ChatEncodeTest : public ::testing::Test {
 protected:
  testutil::TempDir dir_;
  Tokenizer tokenizer_ = [this] {
    const GgufFile file =
        GgufFile::Open(testutil::WriteTextModel(dir_, /*adds_bos=*/true))
            .value();
    return LoadTokenizer(file).value().value();
  }();
};

TEST_F(ChatEncodeTest, SpecialTokensAreRecognisedAndNoneIsAdded) {
  const auto chat = EncodeChat(tokenizer_, {"<s>ab</s>", {}});
  ASSERT_TRUE(chat.ok()) << chat.error().message;
  EXPECT_THAT(chat->ids, ElementsAre(0, 11, 1));
  EXPECT_FALSE(chat->has_double_bos);
  EXPECT_THAT(EncodeChat(tokenizer_, {"ab", {}})->ids, ElementsAre(11));
}

TEST_F(ChatEncodeTest, TurnsBecomePositions) {
  const ChatText text{"<s>ab c</s>d", {{"user", 3, 11}, {"assistant", 11, 12}}};
  const auto chat = EncodeChat(tokenizer_, text);
  ASSERT_TRUE(chat.ok());
  ASSERT_THAT(chat->ids, ElementsAre(0, 11, 10, 4, 1, 5));
  EXPECT_EQ(chat->turns[0].begin, 1u);
  EXPECT_EQ(chat->turns[0].end, 5u);
  EXPECT_EQ(chat->turns[1].begin, 5u);
  EXPECT_EQ(chat->turns[1].end, 6u);
}

TEST_F(ChatEncodeTest, ATokenAcrossABorderBelongsToTheNextTurn) {
  const auto chat = EncodeChat(tokenizer_, {"cab", {{"a", 0, 2}, {"b", 2, 3}}});
  ASSERT_THAT(chat->ids, ElementsAre(4, 11));
  EXPECT_EQ(chat->turns[0].end, 1u);
  EXPECT_EQ(chat->turns[1].begin, 1u);
  EXPECT_EQ(chat->turns[1].end, 2u);
}

TEST_F(ChatEncodeTest, ASecondBosIsTold) {
  EXPECT_TRUE(EncodeChat(tokenizer_, {"<s><s>a", {}})->has_double_bos);
  const auto first =
      EncodeChat(tokenizer_, {"<s>a", {}}, BosPolicy::kAlways).value();
  EXPECT_THAT(first.ids, ElementsAre(0, 2));
  EXPECT_TRUE(first.suppressed_double_bos);
  const auto none =
      EncodeChat(tokenizer_, {"a", {{"user", 0, 1}}}, BosPolicy::kAlways)
          .value();
  EXPECT_THAT(none.ids, ElementsAre(0, 2));
  EXPECT_FALSE(none.suppressed_double_bos);
  EXPECT_EQ(none.turns[0].begin, 1u);
}

}  // namespace
}  // namespace pellucid
