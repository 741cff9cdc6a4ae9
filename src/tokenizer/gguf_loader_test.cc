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
  spm.String("tokenizer.ggml.model", "llama");
  EXPECT_EQ(LoadError(spm),
            "open: m.gguf: unsupported tokenizer: tokenizer.ggml.model is "
            "\"llama\"; supported: gpt2");
  const std::string supported =
      "; supported: gpt-2, smollm, llama-bpe, dbrx, qwen2, gpt-4o, tekken and "
      "names for the same patterns";
  EXPECT_EQ(LoadError(Small("qwen35")),
            "open: m.gguf: unsupported tokenizer: tokenizer.ggml.pre is "
            "\"qwen35\"" +
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
