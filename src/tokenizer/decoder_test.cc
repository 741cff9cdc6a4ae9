#include "tokenizer/decoder.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pellucid {
namespace {

using Steps = std::vector<DecoderStepPtr>;
using Views = std::vector<std::string_view>;

constexpr char kMark[] = "\u2581";

std::string Decode(Steps steps, const Views& tokens) {
  return Decoder(std::move(steps)).Decode(tokens);
}

// Llama 2's.
Steps SentencePiece() {
  return {MakeReplaceDecoder(kMark, " "), MakeByteFallbackDecoder(),
          MakeFuseDecoder(), MakeStripDecoder(" ", 1, 0)};
}

TEST(DecoderTest, BytesOfAllTokensTogether) {
  const Steps steps = {MakeByteLevelDecoder()};
  EXPECT_EQ(Decode(steps, {"a", "\u0120b"}), "a b");
  EXPECT_EQ(Decode(steps, {"\u00c3", "\u00a9"}), "\u00e9");
  EXPECT_EQ(Decode(steps, {"\u00c3", "a"}), "\ufffda");
  EXPECT_EQ(Decode(steps, {}), "");
}

// formats 6.12.8.
TEST(DecoderTest, ATokenOutsideTheAlphabetIsItself) {
  EXPECT_EQ(Decode({MakeByteLevelDecoder()}, {"<a b>", "caf\u00e9"}),
            "<a b>caf\ufffd");
}

TEST(DecoderTest, WithoutADecoderSpacesJoin) {
  EXPECT_EQ(Decoder().Decode(Views{"a", "\u0120b", ""}), "a \u0120b ");
  EXPECT_EQ(Decoder().Decode(Views{"", "a"}), " a");
  EXPECT_EQ(Decode({}, {"a", "b"}), "ab");  // a Sequence of no steps
}

// formats 6.12.11: one space goes, of the whole text.
TEST(DecoderTest, StripActsOnWhatIsFused) {
  EXPECT_EQ(Decode(SentencePiece(), {"\u2581\u2581a", "\u2581b"}), " a b");
  EXPECT_EQ(Decode(SentencePiece(), {"<s>", "\u2581a"}), "<s> a");
  EXPECT_EQ(Decode({MakeStripDecoder("x", 1, 2)}, {"xxaxxx", "x", ""}), "xax");
}

TEST(DecoderTest, RunsOfByteTokensAreTextOrBroken) {
  const Steps steps = {MakeByteFallbackDecoder()};
  EXPECT_EQ(Decode(steps, {"<0xC3>", "<0xA9>", "a"}), "\u00e9a");
  EXPECT_EQ(Decode(steps, {"<0xC3>", "<0x28>", "<0x41>"}),
            "\ufffd\ufffd\ufffd");
  EXPECT_EQ(Decode(steps, {"<0xc3>", "<0xa9>", "<0xGG>"}), "\u00e9<0xGG>");
}

// formats 6.12.2.
TEST(DecoderTest, MetaspaceDropsAllMarksOfTheFirstToken) {
  const Steps drops = {MakeMetaspaceDecoder(kMark, /*keeps_first=*/false)};
  EXPECT_EQ(Decode(drops, {"\u2581\u2581\u2581x", "\u2581\u2581y"}), "x  y");
  EXPECT_EQ(Decode(drops, {"a\u2581b"}), "ab");
  const Steps keeps = {MakeMetaspaceDecoder(kMark, /*keeps_first=*/true)};
  EXPECT_EQ(Decode(keeps, {"\u2581x", "\u2581y"}), " x y");
}

TEST(DecoderTest, WordPiecesJoin) {
  const Views tokens = {"##a", "##b", "it", "'", "s", "."};
  EXPECT_EQ(Decode({MakeWordPieceDecoder("##", false)}, tokens),
            "##ab it ' s .");
  EXPECT_EQ(Decode({MakeWordPieceDecoder("##", true)}, tokens), "##ab it ' s.");
}

TEST(DecoderTest, WordEndsAreSpacesButTheLast) {
  EXPECT_EQ(Decode({MakeWordEndDecoder("</w>")}, {"a", "b</w>", "c</w>"}),
            "ab c");
  EXPECT_EQ(Decode({MakeWordEndDecoder("</w>")}, {}), "");
}

TEST(DecoderTest, ReplaceByPattern) {
  const auto pattern = TextPattern::Compile("[0-9]+").value();
  EXPECT_EQ(Decode({MakeReplaceDecoder(pattern, "#")}, {"a12", "3"}), "a##");
}

TEST(DecoderTest, OneTokenThereAndBack) {
  const Decoder bytes({MakeByteLevelDecoder()});
  EXPECT_EQ(bytes.DecodeAlone("\u0120a"), " a");
  EXPECT_EQ(bytes.DecodeAlone("\u6771"), "\u6771");
  EXPECT_EQ(bytes.Spellings(" a").front(), "\u0120a");
  EXPECT_EQ(Decoder().DecodeAlone("\u0120a"), "\u0120a");
  EXPECT_EQ(Decoder().Spellings(" a").front(), " a");
  const Decoder pieces(SentencePiece());
  EXPECT_EQ(pieces.DecodeAlone("\u2581a"), " a");
  EXPECT_EQ(pieces.DecodeAlone("<0xE2>"), "\xe2");
  EXPECT_EQ(pieces.Spellings(" a").front(), "\u2581a");
  EXPECT_THAT(pieces.Spellings("\n"), ::testing::Contains("<0x0A>"));
}

}  // namespace
}  // namespace pellucid
