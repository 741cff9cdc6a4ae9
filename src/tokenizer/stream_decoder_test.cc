// StreamDecoder (pellucid/tokenizer.h).
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/noise.h"
#include "tokenizer/tokenizer_impl.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using Ids = std::vector<TokenId>;
using Texts = std::vector<std::string>;
using Views = std::vector<std::string_view>;

Tokenizer Make(const Views& tokens, Decoder decoder) {
  TokenizerSpec spec;
  spec.name = "m.json";
  spec.flags.assign(tokens.size(), kModelToken);
  spec.vocabulary = Vocabulary(tokens);
  spec.decoder = std::move(decoder);
  return MakeTokenizer(std::move(spec)).value();
}

// What each id returns, and Finish.
Texts Stream(const Tokenizer& tokenizer, const Ids& ids) {
  StreamDecoder stream(tokenizer);
  Texts texts;
  for (const TokenId id : ids) texts.push_back(stream.Push(id));
  texts.push_back(stream.Finish());
  return texts;
}

Tokenizer ByteLevel() {
  return Make({"a", "\u0120b", "\u00e6", "\u013f", "\u00b1"},
              Decoder({MakeByteLevelDecoder()}));
}

Tokenizer SentencePiece() {
  return Make(
      {"\u2581a", "\u2581b", "<0xE6>", "<0x9D>", "<0xB1>", "c"},
      Decoder({MakeReplaceDecoder("\u2581", " "), MakeByteFallbackDecoder(),
               MakeFuseDecoder(), MakeStripDecoder(" ", 1, 0)}));
}

TEST(StreamDecoderTest, WholeCharactersAsTheyComplete) {
  EXPECT_THAT(Stream(ByteLevel(), {0, 1, 2, 3, 4, 0}),
              ElementsAre("a", " b", "", "", "\u6771", "a", ""));
}

TEST(StreamDecoderTest, FinishGivesWhatIsLeft) {
  EXPECT_THAT(Stream(ByteLevel(), {0, 2}), ElementsAre("a", "", "\ufffd"));
  StreamDecoder stream(ByteLevel());
  EXPECT_EQ(stream.Push(2), "");
  EXPECT_EQ(stream.Finish(), "\ufffd");
  EXPECT_EQ(stream.Push(0), "a");  // a new text
}

// The space that goes is that of the text, not of each step.
TEST(StreamDecoderTest, OnlyTheFirstSpaceGoes) {
  EXPECT_THAT(Stream(SentencePiece(), {0, 1, 2, 3, 4, 1, 5}),
              ElementsAre("a", " b", "", "", "\u6771", " b", "c", ""));
}

TEST(StreamDecoderTest, TogetherTheTextOfDecode) {
  testutil::Random random(/*seed=*/8);
  for (int round = 0; round < 300; ++round) {
    Ids ids;
    const Tokenizer tokenizer = ByteLevel();
    while (ids.size() < 40) {
      ids.push_back(static_cast<TokenId>(random.Below(5)));
    }
    std::string joined;
    for (const std::string& text : Stream(tokenizer, ids)) joined += text;
    EXPECT_EQ(joined, tokenizer.Decode(ids));
  }
}

TEST(StreamDecoderTest, ABrokenRowIsGivenInTheEnd) {
  const Ids ids(5000, 3);
  std::string joined;
  for (const std::string& text : Stream(ByteLevel(), ids)) joined += text;
  EXPECT_EQ(joined, ByteLevel().Decode(ids));
}

}  // namespace
}  // namespace pellucid
