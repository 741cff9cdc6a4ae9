#include "tokenizer/decoder.h"

#include <vector>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

using Views = std::vector<std::string_view>;

std::string Decode(Decoder decoder, const Views& tokens) {
  return DecodeTokens(decoder, tokens);
}

TEST(DecoderTest, BytesOfAllTokensTogether) {
  EXPECT_EQ(Decode(Decoder::kByteLevel, {"a", "\u0120b"}), "a b");
  EXPECT_EQ(Decode(Decoder::kByteLevel, {"\u00c3", "\u00a9"}), "\u00e9");
  EXPECT_EQ(Decode(Decoder::kByteLevel, {"\u00c3", "a"}), "\ufffda");
  EXPECT_EQ(Decode(Decoder::kByteLevel, {}), "");
}

// formats 6.12.8.
TEST(DecoderTest, ATokenOutsideTheAlphabetIsItself) {
  EXPECT_EQ(Decode(Decoder::kByteLevel, {"<a b>", "caf\u00e9"}),
            "<a b>caf\ufffd");
}

TEST(DecoderTest, WithoutADecoderSpacesJoin) {
  EXPECT_EQ(Decode(Decoder::kNone, {"a", "\u0120b", ""}), "a \u0120b ");
  EXPECT_EQ(Decode(Decoder::kNone, {"", "a"}), " a");
}

TEST(DecoderTest, OneTokenThereAndBack) {
  EXPECT_EQ(DecodeToken(Decoder::kByteLevel, "\u0120a"), " a");
  EXPECT_EQ(DecodeToken(Decoder::kByteLevel, "\u6771"), "\u6771");
  EXPECT_EQ(DecodeToken(Decoder::kNone, "\u0120a"), "\u0120a");
  EXPECT_EQ(SpellToken(Decoder::kByteLevel, " a"), "\u0120a");
  EXPECT_EQ(SpellToken(Decoder::kNone, " a"), " a");
}

}  // namespace
}  // namespace pellucid
