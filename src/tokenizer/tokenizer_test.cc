#include "pellucid/tokenizer.h"

#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/noise.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/tokenizer_impl.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Ids = std::vector<TokenId>;
using Views = std::vector<std::string_view>;

// Normal, control, user-defined and unused tokens.
enum class Kind { kN, kC, kD, kU };
constexpr Kind kN = Kind::kN, kC = Kind::kC, kD = Kind::kD, kU = Kind::kU;

// A byte-level vocabulary of `tokens`, as a GGUF has it.
TokenizerSpec SpecOf(const Views& tokens, const std::vector<Kind>& kinds) {
  TokenizerSpec spec;
  spec.name = "m.gguf";
  spec.kind = "bpe (test)";
  spec.vocabulary = Vocabulary(tokens);
  spec.pre_tokenizer.last = PrePattern::kGpt2;
  spec.pre_tokenizer.byte_level = true;
  spec.decoder = Decoder({MakeByteLevelDecoder()});
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    spec.flags.push_back(kinds[i] == kN ? kModelToken : 0);
    if (kinds[i] != kC && kinds[i] != kD) continue;
    spec.added.push_back({.content = std::string(tokens[i]),
                          .id = static_cast<TokenId>(i),
                          .special = kinds[i] == kC});
  }
  return spec;
}

// A vocabulary with a token of every kind. 8 and 9 are half a character each,
// 10 is spelt in the alphabet but added, 11 is normal but not in the alphabet.
const Views& Tokens() {
  static const Views tokens = {
      "a",         "b",      "\u0120", "ab",        "\u0120ab", "<s>",  "</s>",
      "<think> x", "\u00c3", "\u00a9", "caf\u00e9", "\u6771",   "[PAD]"};
  return tokens;
}

TokenizerSpec Spec() {
  static constexpr MergePair kMerges[] = {{"a", "b"}, {"\u0120", "ab"}};
  TokenizerSpec spec =
      SpecOf(Tokens(), {kN, kN, kN, kN, kN, kC, kC, kD, kN, kN, kD, kN, kU});
  spec.merges = kMerges;
  spec.bos = 5;
  spec.eos = 6;
  return spec;
}

Tokenizer Make(const TokenizerSpec& spec) {
  return MakeTokenizer(spec).value();
}

Ids Encode(const Tokenizer& tokenizer, std::string_view text,
           const EncodeOptions& options = {}) {
  const auto encoding = tokenizer.Encode(text, options);
  EXPECT_TRUE(encoding.ok()) << encoding.error().message;
  return encoding->ids;
}

TEST(TokenizerTest, EncodesBetweenAddedTokens) {
  const Tokenizer tokenizer = Make(Spec());
  EXPECT_THAT(Encode(tokenizer, "ab ab"), ElementsAre(3, 4));
  EXPECT_THAT(Encode(tokenizer, "ab<s> ab</s>"), ElementsAre(3, 5, 4, 6));
  EXPECT_THAT(Encode(tokenizer, "a<think> xb"), ElementsAre(0, 7, 1));
  EXPECT_THAT(Encode(tokenizer, "\u00e9"), ElementsAre(8, 9));
  EXPECT_THAT(Encode(tokenizer, ""), IsEmpty());
}

// Across an added token nothing merges and no piece reaches.
TEST(TokenizerTest, AddedTokensCutMerges) {
  EXPECT_THAT(Encode(Make(Spec()), "a<s>b"), ElementsAre(0, 5, 1));
}

TEST(TokenizerTest, NormalisesEachSegment) {
  TokenizerSpec spec = Spec();
  EXPECT_THAT(Encode(Make(spec), "e\u0301"), IsEmpty());  // no such tokens
  spec.normalizer = Normalizer({MakeNormalFormStep(NormalForm::kNfc)});
  EXPECT_THAT(Encode(Make(spec), "e\u0301"), ElementsAre(8, 9));
}

TEST(TokenizerTest, IgnoringMergesTakesNormalTokensOnly) {
  const Views tokens = {"a", "b", "ab", "\u0120b", "\u0120"};
  TokenizerSpec spec = SpecOf(tokens, {kN, kN, kN, kC, kN});
  EXPECT_THAT(Encode(Make(spec), "ab"), ElementsAre(0, 1));
  spec.bpe.ignore_merges = true;
  EXPECT_THAT(Encode(Make(spec), "ab"), ElementsAre(2));
  // U+0120 b is the raw text of a control token, and none of " b".
  EXPECT_THAT(Encode(Make(spec), "ab b"), ElementsAre(2, 4, 1));
}

TEST(TokenizerTest, BosPolicies) {
  TokenizerSpec spec = Spec();
  EXPECT_THAT(Encode(Make(spec), "a"), ElementsAre(0));
  EXPECT_THAT(Encode(Make(spec), "a", {.bos = BosPolicy::kAlways}),
              ElementsAre(5, 0));
  spec.before = {5};
  spec.after = {6};
  const Tokenizer tokenizer = Make(spec);
  EXPECT_TRUE(tokenizer.AddsBos());
  EXPECT_THAT(Encode(tokenizer, ""), ElementsAre(5, 6));
  EXPECT_THAT(Encode(tokenizer, "a"), ElementsAre(5, 0, 6));
  EXPECT_THAT(Encode(tokenizer, "a", {.bos = BosPolicy::kNever}),
              ElementsAre(0, 6));
  for (const auto bos :
       {BosPolicy::kAuto, BosPolicy::kAlways, BosPolicy::kNever}) {
    EXPECT_THAT(
        Encode(tokenizer, "a", {.bos = bos, .add_special_tokens = false}),
        ElementsAre(0));
  }
}

TEST(TokenizerTest, DoubleBosIsKeptOrAvoided) {
  TokenizerSpec spec = Spec();
  spec.before = {5};
  const Tokenizer tokenizer = Make(spec);
  EXPECT_THAT(Encode(tokenizer, "<s>a"), ElementsAre(5, 5, 0));
  const EncodeOptions avoid = {.avoid_double_bos = true};
  auto encoding = tokenizer.Encode("<s>a", avoid);
  EXPECT_THAT(encoding->ids, ElementsAre(5, 0));
  EXPECT_TRUE(encoding->suppressed_double_bos);
  encoding = tokenizer.Encode("<s><s>", avoid);
  EXPECT_THAT(encoding->ids, ElementsAre(5, 5));
  encoding = tokenizer.Encode("a<s>", avoid);
  EXPECT_THAT(encoding->ids, ElementsAre(5, 0, 5));
  EXPECT_FALSE(encoding->suppressed_double_bos);
  encoding = tokenizer.Encode("", avoid);
  EXPECT_THAT(encoding->ids, ElementsAre(5));
  EXPECT_FALSE(encoding->suppressed_double_bos);
}

TEST(TokenizerTest, AskingForABosThatIsNotThere) {
  TokenizerSpec spec = Spec();
  spec.bos.reset();
  const Tokenizer tokenizer = Make(spec);
  const auto encoding = tokenizer.Encode("a", {.bos = BosPolicy::kAlways});
  ASSERT_FALSE(encoding.ok());
  EXPECT_EQ(encoding.error().code, ErrorCode::kUsage);
  EXPECT_EQ(encoding.error().message,
            "tokenize: m.gguf: a BOS token is asked for, but the model's "
            "files name none; ask for auto or never");
}

TEST(TokenizerTest, InvalidUtf8NamesTheByte) {
  const Tokenizer tokenizer = Make(Spec());
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\xff", "byte 0 (0xFF)"},
      {"ab\x80", "byte 2 (0x80)"},
      {"<s>\u00e9\xe2\x82", "byte 5 (0xE2)"},
      {"a\xed\xa0\x80", "byte 1 (0xED)"}};
  for (const auto& [text, where] : cases) {
    const auto encoding = tokenizer.Encode(text);
    ASSERT_FALSE(encoding.ok());
    EXPECT_EQ(encoding.error().code, ErrorCode::kUsage);
    EXPECT_EQ(encoding.error().message, "tokenize: text: invalid UTF-8 at " +
                                            where +
                                            "; convert the text to UTF-8");
  }
}

TEST(TokenizerTest, DecodesTheWholeSequence) {
  const Tokenizer tokenizer = Make(Spec());
  EXPECT_EQ(tokenizer.Decode({}), "");
  EXPECT_EQ(tokenizer.Decode(Ids{5, 3, 4, 7, 6}), "<s>ab ab<think> x</s>");
  EXPECT_EQ(tokenizer.Decode(Ids{8, 9}), "\u00e9");
  EXPECT_EQ(tokenizer.Decode(Ids{8, 0}), "\ufffda");
  EXPECT_EQ(tokenizer.Decode(Ids{11}), "\u6771");
  EXPECT_EQ(tokenizer.Decode(Ids{5, 3, 7, 6}, /*skip_special_tokens=*/true),
            "ab<think> x");
}

// formats 6.12.8: the decoder reads even an added token in the alphabet.
TEST(TokenizerTest, DecodesAddedTokensAsHfDoes) {
  const Tokenizer tokenizer = Make(Spec());
  EXPECT_EQ(tokenizer.Decode(Ids{10}), "caf\ufffd");
  EXPECT_EQ(tokenizer.TokenBytes(10), "caf\u00e9");
}

TEST(TokenizerTest, IdsThatAreNoTokens) {
  const Tokenizer tokenizer = Make(Spec());
  EXPECT_EQ(tokenizer.VocabSize(), 13U);
  for (const TokenId id : {-1, 12, 13, 2'000'000'000}) {  // 12 is unused
    EXPECT_EQ(tokenizer.Decode(Ids{0, id, 1}), "ab");
    EXPECT_EQ(tokenizer.TokenBytes(id), "");
    EXPECT_EQ(tokenizer.TokenText(id), "<id:" + std::to_string(id) + ">");
  }
}

TEST(TokenizerTest, TokenTextIsFitToPrint) {
  const Tokenizer tokenizer = Make(Spec());
  EXPECT_EQ(tokenizer.TokenText(4), " ab");
  EXPECT_EQ(tokenizer.TokenText(5), "<s>");
  EXPECT_EQ(tokenizer.TokenBytes(8), "\xc3");
  EXPECT_EQ(tokenizer.TokenText(8), "<0xC3>");
  EXPECT_EQ(tokenizer.TokenText(9), "<0xA9>");
  EXPECT_EQ(tokenizer.TokenText(10), "caf\u00e9");
}

TEST(TokenizerTest, FindTokenIsTheOtherWay) {
  const Tokenizer tokenizer = Make(Spec());
  for (TokenId id = 0; id < 12; ++id) {
    EXPECT_EQ(tokenizer.FindToken(tokenizer.TokenBytes(id)), id);
  }
  EXPECT_EQ(tokenizer.FindToken("ba"), std::nullopt);
  EXPECT_EQ(tokenizer.FindToken(""), std::nullopt);
  EXPECT_EQ(tokenizer.FindToken("[PAD]"), std::nullopt);
  // Spelt in the alphabet these are tokens; as bytes they are not.
  EXPECT_EQ(tokenizer.FindToken("\u0120ab"), std::nullopt);
  EXPECT_EQ(tokenizer.FindToken("caf\xe9"), std::nullopt);
}

TEST(TokenizerTest, OtherTemplateTokensStayWhateverBosIs) {
  TokenizerSpec spec = Spec();
  spec.before = {5, 7};
  const Tokenizer tokenizer = Make(spec);
  EXPECT_THAT(Encode(tokenizer, "a"), ElementsAre(5, 7, 0));
  EXPECT_THAT(Encode(tokenizer, "a", {.bos = BosPolicy::kNever}),
              ElementsAre(7, 0));
  spec.before = {7};
  EXPECT_FALSE(Make(spec).AddsBos());
  EXPECT_THAT(Encode(Make(spec), "a", {.bos = BosPolicy::kAlways}),
              ElementsAre(5, 7, 0));
}

// In normalised text, what was raw is gone: "<S>" is found as "<s>".
TEST(TokenizerTest, NormalizedTokensAreFoundBetweenRawOnes) {
  TokenizerSpec spec = Spec();
  spec.normalizer = Normalizer({MakeLowercaseStep()});
  spec.added[0].normalized = true;
  const Tokenizer tokenizer = Make(spec);
  EXPECT_THAT(Encode(tokenizer, "A<S>B</s><s>"), ElementsAre(0, 5, 1, 6, 5));
  EXPECT_THAT(Encode(tokenizer, "</S>"), IsEmpty());
}

TEST(TokenizerTest, ARunawayPatternIsAnError) {
  TokenizerSpec spec = Spec();
  spec.pre_tokenizer.last.reset();
  spec.pre_tokenizer.steps = {
      MakeSplitStep(TextPattern::Compile("(?:a|a)*b").value(),
                    SplitBehavior::kIsolated, /*invert=*/false)};
  const auto encoding = Make(spec).Encode(std::string(60, 'a') + "-b");
  ASSERT_FALSE(encoding.ok());
  EXPECT_EQ(encoding.error().code, ErrorCode::kModel);
  EXPECT_THAT(encoding.error().message,
              ::testing::StartsWith("tokenize: m.gguf: the pattern "
                                    "\"(?:a|a)*b\" gives up at byte 0"));
}

TEST(TokenizerTest, APeriodicTextWithoutASpace) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "ab";
  const Ids ids = Encode(Make(Spec()), " " + text);
  Ids expected(50'000, 3);
  expected[0] = 4;
  EXPECT_TRUE(ids == expected);
}

TEST(TokenizerTest, AHundredThousandAddedTokens) {
  std::vector<std::string> texts = {"a"};
  for (int i = 0; i < 100'000; ++i) {
    texts.push_back("<|reserved_" + std::to_string(i) + "|>");
  }
  const Views tokens(texts.begin(), texts.end());
  std::vector<Kind> kinds(tokens.size(), kC);
  kinds[0] = kN;
  const Tokenizer tokenizer = Make(SpecOf(tokens, kinds));
  EXPECT_THAT(Encode(tokenizer, "a<|reserved_9|>a<|reserved_99999|>"),
              ElementsAre(0, 10, 0, 100'000));
  EXPECT_EQ(Encode(tokenizer, std::string(1000, 'a')).size(), 1000U);
}

TEST(TokenizerTest, DecodingGivesBackWhatWasEncoded) {
  std::vector<std::string> texts;  // the whole alphabet, nothing else
  Views tokens;
  for (int byte = 0; byte < 256; ++byte) {
    texts.emplace_back();
    AppendAlphabet(std::string(1, static_cast<char>(byte)), texts.back());
  }
  tokens.assign(texts.begin(), texts.end());
  TokenizerSpec spec = SpecOf(tokens, std::vector<Kind>(tokens.size(), kN));
  testutil::Random random(/*seed=*/5);
  for (const auto pattern :
       {PrePattern::kGpt2, PrePattern::kSmolLm, PrePattern::kLlama3,
        PrePattern::kQwen2, PrePattern::kCl100k, PrePattern::kO200k,
        PrePattern::kTekken}) {
    spec.pre_tokenizer.last = pattern;
    const Tokenizer tokenizer = Make(spec);
    for (int round = 0; round < 200; ++round) {
      std::string text;
      for (auto n = random.Below(20); n > 0; --n) {
        AppendUtf8(static_cast<char32_t>(random.Below(0x3100)), text);
      }
      EXPECT_EQ(tokenizer.Decode(Encode(tokenizer, text)), text);
    }
  }
}

}  // namespace
}  // namespace pellucid
