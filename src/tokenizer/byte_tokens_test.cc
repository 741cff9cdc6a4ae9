#include "tokenizer/byte_tokens.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;

TEST(ByteTokensTest, TextsThereAndBack) {
  EXPECT_EQ(ByteTokenText(0xe2), "<0xE2>");
  for (int byte = 0; byte < 256; ++byte) {
    const auto value = static_cast<std::uint8_t>(byte);
    EXPECT_EQ(ByteOfToken(ByteTokenText(value)), value);
  }
  EXPECT_EQ(ByteOfToken("<0xe2>"), 0xe2);
  EXPECT_EQ(ByteOfToken("<0x+2>"), 2);
  for (const std::string_view other :
       {"", "<0xE>", "<0xE2", "<0XE2>", "<0xG2>", "<0x2+>", "<0x-2>"}) {
    EXPECT_EQ(ByteOfToken(other), std::nullopt) << other;
  }
}

TEST(ByteTokensTest, AllBytesOrNone) {
  const std::vector<std::string_view> texts = {"<0xC3>", "a", "<0xA9>"};
  const ByteTokens tokens{Vocabulary(texts)};
  std::vector<TokenId> ids = {7};
  EXPECT_TRUE(tokens.Append("\u00e9", ids));
  EXPECT_THAT(ids, ElementsAre(7, 0, 2));
  EXPECT_FALSE(tokens.Append("\u00ea", ids));
  EXPECT_THAT(ids, ElementsAre(7, 0, 2));
}

}  // namespace
}  // namespace pellucid
