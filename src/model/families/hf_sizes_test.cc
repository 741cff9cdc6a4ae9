#include "model/families/hf_sizes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pellucid::families {
namespace {

using ::testing::HasSubstr;

HfModelConfig Config(const std::string& text) {
  return HfModelConfig::Parse(text, "config.json").value();
}

constexpr char kSizes[] = R"("vocab_size": 70, "hidden_size": 24,
    "num_hidden_layers": 3, "num_attention_heads": 6)";

TEST(HfSizesTest, HeadsFollowFromTheWidth) {
  HfModelConfig config = Config(std::string("{") + kSizes + "}");
  ArchSpec spec;
  ASSERT_TRUE(ReadHfSizes(config, {}, spec).ok());
  EXPECT_EQ(spec.head_dim, 4u);
  EXPECT_EQ(spec.n_kv_heads, 6u);
  EXPECT_EQ(spec.context_length, 2048u);
  ASSERT_EQ(spec.layers.size(), 3u);
  EXPECT_EQ(spec.layers[2].attention_scale, 0.5f);
  EXPECT_EQ(spec.layers[2].window, 0u);
}

TEST(HfSizesTest, DefaultsFillInAndKeysWin) {
  HfModelConfig config = Config(R"({"n_head": 2, "head_dim": 8})");
  ArchSpec spec;
  const HfSizeDefaults defaults{.vocab_size = 11,
                                .d_model = 5,
                                .n_layers = 1,
                                .n_heads = 9,
                                .n_kv_heads = 1,
                                .head_dim = 3,
                                .context = 77};
  ASSERT_TRUE(ReadHfSizes(config, defaults, spec).ok());
  EXPECT_EQ(spec.vocab_size, 11u);
  EXPECT_EQ(spec.d_model, 5u);
  EXPECT_EQ(spec.n_heads, 2u);
  EXPECT_EQ(spec.n_kv_heads, 1u);
  EXPECT_EQ(spec.head_dim, 8u);
  EXPECT_EQ(spec.context_length, 77u);
}

TEST(HfSizesTest, WhatDoesNotShareOutIsNamed) {
  const auto error = [](const std::string& more) {
    HfModelConfig config = Config(std::string("{") + kSizes + more + "}");
    ArchSpec spec;
    const Status status = ReadHfSizes(config, {}, spec);
    return status.ok() ? "no error" : status.error().message;
  };
  EXPECT_EQ(error(""), "no error");
  EXPECT_THAT(error(R"(, "num_key_value_heads": 4)"),
              HasSubstr("no multiple of the 4 key-value heads"));
  EXPECT_THAT(error(R"(, "n_embd": 25)"), HasSubstr("they mean the same"));
  EXPECT_THAT(error(R"(, "head_dim": 536870912)"), HasSubstr("too large"));
  HfModelConfig config = Config(
      R"({"vocab_size": 7, "hidden_size": 25, "num_hidden_layers": 1,
          "num_attention_heads": 6})");
  ArchSpec spec;
  EXPECT_THAT(ReadHfSizes(config, {}, spec).error().message,
              HasSubstr("is 25, no multiple of the 6 heads"));
}

}  // namespace
}  // namespace pellucid::families
