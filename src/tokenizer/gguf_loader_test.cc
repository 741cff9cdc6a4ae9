#include "tokenizer/gguf_loader.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/gguf_builder.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using testutil::GgufBuilder;

// Keys of a small vocabulary: "a", "b", "ab", BOS, EOS, and one unused.
GgufBuilder Small(const std::string& pre) {
  GgufBuilder builder;
  builder.String("tokenizer.ggml.model", "gpt2")
      .String("tokenizer.ggml.pre", pre)
      .Strings("tokenizer.ggml.tokens",
               {"a", "b", "ab", "<s>", "</s>", "[PAD5]"})
      .Array<std::int32_t>("tokenizer.ggml.token_type", {1, 1, 1, 3, 3, 5})
      .Strings("tokenizer.ggml.merges", {"a b"})
      .Scalar<std::uint32_t>("tokenizer.ggml.bos_token_id", 3)
      .Scalar<std::uint32_t>("tokenizer.ggml.eos_token_id", 4);
  return builder;
}

Result<std::optional<Tokenizer>> Load(const GgufBuilder& builder) {
  const auto bytes = builder.Build();
  const auto file = GgufFile::Parse(bytes, "m.gguf");
  if (!file.ok()) return file.error();
  return LoadTokenizer(*file);
}

Tokenizer MustLoad(const GgufBuilder& builder) {
  auto tokenizer = Load(builder);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().message;
  return std::move(tokenizer).value().value();
}

std::string LoadError(const GgufBuilder& builder) {
  const auto tokenizer = Load(builder);
  if (tokenizer.ok()) return "no error";
  EXPECT_EQ(tokenizer.error().code, ErrorCode::kModel);
  return tokenizer.error().message;
}

TEST(GgufLoaderTest, ReadsAVocabulary) {
  const Tokenizer tokenizer = MustLoad(Small("smollm"));
  EXPECT_EQ(tokenizer.VocabSize(), 6U);
  EXPECT_EQ(tokenizer.BosId(), 3);
  EXPECT_EQ(tokenizer.EosId(), 4);
  EXPECT_FALSE(tokenizer.AddsBos());
  EXPECT_EQ(tokenizer.Kind(), "bpe (smollm)");
  EXPECT_THAT(tokenizer.Encode("ab<s>b")->ids, ElementsAre(2, 3, 1));
}

TEST(GgufLoaderTest, BosFollowsTheKeyElseThePreTokenizer) {
  EXPECT_TRUE(MustLoad(Small("llama-bpe")).AddsBos());
  EXPECT_FALSE(MustLoad(Small("qwen2")).AddsBos());
  EXPECT_FALSE(
      MustLoad(Small("llama-bpe").Bool("tokenizer.ggml.add_bos_token", false))
          .AddsBos());
  EXPECT_TRUE(
      MustLoad(Small("gpt-2").Bool("tokenizer.ggml.add_bos_token", true))
          .AddsBos());
}

TEST(GgufLoaderTest, EosWhereTheKeySaysSo) {
  const Tokenizer tokenizer =
      MustLoad(Small("gpt-2").Bool("tokenizer.ggml.add_eos_token", true));
  EXPECT_THAT(tokenizer.Encode("a")->ids, ElementsAre(0, 4));
}

TEST(GgufLoaderTest, WithoutABosTokenTheRuleAddsNone) {
  GgufBuilder builder;
  builder.String("tokenizer.ggml.model", "gpt2")
      .String("tokenizer.ggml.pre", "falcon3")
      .Strings("tokenizer.ggml.tokens", {"a"})
      .Strings("tokenizer.ggml.merges", {});
  const Tokenizer tokenizer = MustLoad(builder);
  EXPECT_FALSE(tokenizer.AddsBos());
  EXPECT_EQ(tokenizer.BosId(), std::nullopt);
  EXPECT_THAT(tokenizer.Encode("a")->ids, ElementsAre(0));
}

// SentencePiece's BPE: scores make the merges, bytes stand for the rest, and an
// added token of the user's is found in raw text by its marks.
GgufBuilder Scored(const std::string& model) {
  GgufBuilder builder;
  builder.String("tokenizer.ggml.model", model)
      .Strings("tokenizer.ggml.tokens",
               {"<unk>", "<s>", "</s>", "<0xC3>", "<0xA9>", "\u2581", "a", "b",
                "ab", "\u2581ab", "ba", "  "})
      .Array<std::int32_t>("tokenizer.ggml.token_type",
                           {2, 3, 3, 6, 6, 1, 1, 1, 1, 1, 1, 4})
      .Array<float>("tokenizer.ggml.scores",
                    {0, 0, 0, 0, 0, -9, -8, -7, -2, -3, -1, 0})
      .Scalar<std::uint32_t>("tokenizer.ggml.bos_token_id", 1)
      .Scalar<std::uint32_t>("tokenizer.ggml.eos_token_id", 2);
  return builder;
}

// Their scores are -1000 in files, and 0 in SentencePiece.
TEST(GgufLoaderTest, TokensOfTheUsersMergeFirst) {
  GgufBuilder builder;
  builder.String("tokenizer.ggml.model", "llama")
      .Strings("tokenizer.ggml.tokens",
               {"<unk>", "\u2581", "a", "\u2581a", "  ", "\u2581\u2581\u2581"})
      .Array<std::int32_t>("tokenizer.ggml.token_type", {2, 1, 1, 1, 4, 4})
      .Array<float>("tokenizer.ggml.scores", {0, -3, -2, -1, -1000, -1000})
      .Bool("tokenizer.ggml.add_space_prefix", false);
  const Tokenizer tokenizer = MustLoad(builder);
  EXPECT_THAT(tokenizer.Encode("a a")->ids, ElementsAre(2, 3));
  EXPECT_THAT(tokenizer.Encode("a  a")->ids, ElementsAre(2, 4, 2));
  EXPECT_THAT(tokenizer.Encode("a   a")->ids, ElementsAre(2, 5, 2));
  EXPECT_THAT(tokenizer.Encode("a    a")->ids, ElementsAre(2, 5, 3));
}

TEST(GgufLoaderTest, SentencePiece) {
  const Tokenizer tokenizer = MustLoad(Scored("llama"));
  EXPECT_TRUE(tokenizer.AddsBos());
  EXPECT_THAT(tokenizer.Encode("ab")->ids, ElementsAre(1, 9));
  // The token of the highest score, not the leftmost.
  EXPECT_THAT(tokenizer.Encode("aba")->ids, ElementsAre(1, 5, 6, 10));
  EXPECT_THAT(tokenizer.Encode("\u00e9!")->ids, ElementsAre(1, 5, 3, 4, 0));
  EXPECT_THAT(tokenizer.Encode("a  b")->ids, ElementsAre(1, 5, 6, 11, 7));
  EXPECT_THAT(tokenizer.Encode("a<s>b")->ids, ElementsAre(1, 5, 6, 1, 5, 7));
  EXPECT_EQ(tokenizer.Decode(std::vector<TokenId>{1, 9, 3, 4, 11, 7}, true),
            "ab\u00e9  b");
  const Tokenizer plain =
      MustLoad(Scored("llama").Bool("tokenizer.ggml.add_space_prefix", false));
  EXPECT_THAT(plain.Encode("ab")->ids, ElementsAre(1, 8));
  EXPECT_EQ(plain.Decode(std::vector<TokenId>{9}), " ab");
}

TEST(GgufLoaderTest, Unigram) {
  const Tokenizer tokenizer = MustLoad(Scored("t5"));
  EXPECT_EQ(tokenizer.Kind(), "unigram");
  EXPECT_FALSE(tokenizer.AddsBos());
  EXPECT_THAT(tokenizer.Encode(" ab  b!")->ids, ElementsAre(9, 5, 7, 0, 2));
  EXPECT_EQ(tokenizer.Decode(std::vector<TokenId>{9, 5, 7}), "ab b");
}

TEST(GgufLoaderTest, WordPieces) {
  GgufBuilder builder;
  builder.String("tokenizer.ggml.model", "bert")
      .Strings("tokenizer.ggml.tokens",
               {"[UNK]", "[CLS]", "[SEP]", "\u2581un", "able", "\u2581."})
      .Array<std::int32_t>("tokenizer.ggml.token_type", {3, 3, 3, 1, 1, 1})
      .Scalar<std::uint32_t>("tokenizer.ggml.cls_token_id", 1)
      .Scalar<std::uint32_t>("tokenizer.ggml.seperator_token_id", 2);
  const Tokenizer tokenizer = MustLoad(builder);
  EXPECT_EQ(tokenizer.Kind(), "wordpiece");
  EXPECT_THAT(tokenizer.Encode("Unable. \u00dcn x")->ids,
              ElementsAre(1, 3, 4, 5, 3, 0, 2));
  EXPECT_EQ(tokenizer.Decode(std::vector<TokenId>{1, 3, 4, 5, 2}, true),
            "unable.");
}

TEST(GgufLoaderTest, ScoresMustFit) {
  GgufBuilder builder;
  builder.String("tokenizer.ggml.model", "llama")
      .Strings("tokenizer.ggml.tokens", {"a", "b"})
      .Array<float>("tokenizer.ggml.scores", {0});
  EXPECT_EQ(LoadError(builder),
            "open: m.gguf: tokenizer: 1 scores for 2 tokens; get the file "
            "again");
}

TEST(GgufLoaderTest, FilesWithoutATokenizer) {
  EXPECT_EQ(Load(GgufBuilder())->has_value(), false);
  for (const std::string model : {"none", "no_vocab"}) {
    GgufBuilder builder;
    builder.String("tokenizer.ggml.model", model);
    EXPECT_EQ(Load(builder)->has_value(), false);
  }
}

TEST(GgufLoaderTest, UnsupportedTokenizersAreNamed) {
  GgufBuilder spm, no_pre;
  spm.String("tokenizer.ggml.model", "rwkv");
  EXPECT_EQ(LoadError(spm),
            "open: m.gguf: unsupported tokenizer: tokenizer.ggml.model is "
            "\"rwkv\"; supported: gpt2, llama, t5, bert");
  const std::string supported =
      "; supported: gpt-2, smollm, llama-bpe, dbrx, qwen2, gpt-4o, tekken, "
      "falcon, bloom, deepseek-coder, deepseek-v3, seed-coder, bailingmoe, "
      "viking and names for the same patterns";
  EXPECT_EQ(LoadError(Small("odd")),
            "open: m.gguf: unsupported tokenizer: tokenizer.ggml.pre is "
            "\"odd\"" +
                supported);
  no_pre.String("tokenizer.ggml.model", "gpt2");
  EXPECT_EQ(LoadError(no_pre),
            "open: m.gguf: unsupported tokenizer: tokenizer.ggml.pre is "
            "absent" +
                supported);
}

// The messages are of formats/gguf.h and make_tokenizer.cc: here only that
// each fault is one.
TEST(GgufLoaderTest, DamagedMetadataIsAnError) {
  const auto base = [] {
    GgufBuilder builder;
    builder.String("tokenizer.ggml.model", "gpt2")
        .String("tokenizer.ggml.pre", "gpt-2");
    return builder;
  };
  const std::vector<std::string> two = {"a", "b"};
  EXPECT_THAT(LoadError(base()), ::testing::HasSubstr("tokenizer.ggml.tokens"));
  EXPECT_THAT(LoadError(base().Strings("tokenizer.ggml.tokens", two)),
              ::testing::HasSubstr("tokenizer.ggml.merges"));
  const auto with_tokens = [&] {
    return base()
        .Strings("tokenizer.ggml.tokens", two)
        .Strings("tokenizer.ggml.merges", {});
  };
  EXPECT_EQ(LoadError(with_tokens()), "no error");
  EXPECT_THAT(LoadError(with_tokens().Array<std::int32_t>(
                  "tokenizer.ggml.token_type", {1})),
              ::testing::HasSubstr("1 token types for 2 tokens"));
  EXPECT_THAT(LoadError(with_tokens().String("tokenizer.ggml.token_type", "x")),
              ::testing::HasSubstr("tokenizer.ggml.token_type"));
  EXPECT_THAT(LoadError(with_tokens().Scalar<std::uint64_t>(
                  "tokenizer.ggml.bos_token_id", ~std::uint64_t{0})),
              ::testing::HasSubstr("its BOS token is 9223372036854775807"));
  EXPECT_THAT(
      LoadError(with_tokens().Bool("tokenizer.ggml.add_bos_token", true)),
      ::testing::HasSubstr("names no BOS token"));
  EXPECT_THAT(LoadError(with_tokens().Scalar<std::uint32_t>(
                  "tokenizer.ggml.add_eos_token", 1)),
              ::testing::HasSubstr("tokenizer.ggml.add_eos_token"));
}

// Scores mean nothing to BPE, and types beyond the known are normal.
TEST(GgufLoaderTest, WhatIsNotNeededIsNotRead) {
  GgufBuilder builder;
  builder.String("tokenizer.ggml.model", "gpt2")
      .String("tokenizer.ggml.pre", "gpt-2")
      .Strings("tokenizer.ggml.tokens", {"a", "b"})
      .Strings("tokenizer.ggml.merges", {})
      .Array<std::int32_t>("tokenizer.ggml.token_type", {99, -1})
      .Array<float>("tokenizer.ggml.scores", {1.0F});
  EXPECT_THAT(MustLoad(builder).Encode("ba")->ids, ElementsAre(1, 0));
}

}  // namespace
}  // namespace pellucid
