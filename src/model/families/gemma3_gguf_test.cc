#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "formats/gguf.h"
#include "kernels/rope.h"
#include "model/family.h"
#include "testutil/gguf_builder.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testutil::GgufBuilder;

constexpr std::size_t kLayers = 3;

void Add(GgufBuilder& file, const std::string& name,
         const std::vector<std::size_t>& shape) {
  std::size_t size = 1;
  for (const std::size_t dim : shape) size *= dim;
  file.Floats(name + ".weight", shape, testutil::Noise(size, name.size()));
}

// Three blocks, d_model 6, two heads of 4 and one key-value head; `keys` adds
// what a test is about.
Result<ArchSpec> Load(const std::function<void(GgufBuilder&)>& keys) {
  GgufBuilder file;
  file.String("general.architecture", "gemma3");
  const auto count = [&](const char* name, std::uint32_t value) {
    file.Scalar<std::uint32_t>(std::string("gemma3.") + name, value);
  };
  count("context_length", 16);
  count("embedding_length", 6);
  count("block_count", kLayers);
  count("feed_forward_length", 5);
  count("attention.head_count", 2);
  count("attention.head_count_kv", 1);
  count("attention.key_length", 4);
  count("attention.value_length", 4);
  file.Scalar<float>("gemma3.rope.freq_base", 1e6f);
  keys(file);
  Add(file, "token_embd", {7, 6});
  for (std::size_t i = 0; i < kLayers; ++i) {
    const std::string block = "blk." + std::to_string(i) + ".";
    for (const char* norm :
         {"attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"}) {
      Add(file, block + norm, {6});
    }
    Add(file, block + "attn_q_norm", {4});
    Add(file, block + "attn_k_norm", {4});
    Add(file, block + "attn_q", {8, 6});
    Add(file, block + "attn_k", {4, 6});
    Add(file, block + "attn_v", {4, 6});
    Add(file, block + "attn_output", {6, 8});
    Add(file, block + "ffn_gate", {5, 6});
    Add(file, block + "ffn_up", {5, 6});
    Add(file, block + "ffn_down", {6, 5});
  }
  Add(file, "output_norm", {6});
  const auto bytes = file.Build();
  PELLUCID_ASSIGN_OR_RETURN(const GgufFile parsed,
                            GgufFile::Parse(bytes, "tiny.gguf"));
  PELLUCID_ASSIGN_OR_RETURN(LoadedModel loaded, LoadFromGguf(parsed));
  return std::move(loaded.spec);
}

std::vector<std::size_t> WindowsOf(const ArchSpec& spec) {
  std::vector<std::size_t> windows;
  for (const LayerSpec& layer : spec.layers) windows.push_back(layer.window);
  return windows;
}

void Window(GgufBuilder& file) {
  file.Scalar<std::uint32_t>("gemma3.attention.sliding_window", 5);
}

// Every sixth block sees all: none of three.
TEST(Gemma3GgufTest, WhatTheHeaderLeavesOut) {
  const auto spec = Load(Window);
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->architecture, "gemma3_text");
  EXPECT_THAT(WindowsOf(*spec), ElementsAre(5u, 5u, 5u));
  EXPECT_EQ(spec->layers.front().attention_scale, 0.5f);
  EXPECT_EQ(spec->activation, kernels::Activation::kGeluTanh);
  EXPECT_EQ(spec->logits.cap, 0.0f);
  ASSERT_EQ(spec->ropes.size(), 2u);
  EXPECT_EQ(spec->ropes[0].inv_freq, kernels::InverseFrequencies(1e6f, 4));
  EXPECT_EQ(spec->ropes[1].inv_freq, kernels::InverseFrequencies(1e4f, 4));
}

TEST(Gemma3GgufTest, WhatItMaySay) {
  const auto spec = Load([](GgufBuilder& file) {
    Window(file);
    file.Scalar<std::uint32_t>("gemma3.attention.sliding_window_pattern", 2);
    file.Scalar<float>("gemma3.rope.freq_base_swa", 500.0f);
    file.Scalar<float>("gemma3.final_logit_softcapping", 30.0f);
  });
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_THAT(WindowsOf(*spec), ElementsAre(5u, 0u, 5u));
  EXPECT_EQ(spec->layers[0].rope, 1u);
  EXPECT_EQ(spec->layers[1].rope, 0u);
  EXPECT_EQ(spec->logits.cap, 30.0f);
  EXPECT_EQ(spec->ropes[1].inv_freq, kernels::InverseFrequencies(500, 4));
}

TEST(Gemma3GgufTest, ThePatternMayBeAList) {
  const auto with = [](const std::vector<bool>& slides) {
    return Load([&](GgufBuilder& file) {
      Window(file);
      file.Bools("gemma3.attention.sliding_window_pattern", slides);
    });
  };
  const auto spec = with({false, true, false});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_THAT(WindowsOf(*spec), ElementsAre(0u, 5u, 0u));
  const auto shorter = with({true, true});
  ASSERT_FALSE(shorter.ok());
  EXPECT_THAT(shorter.error().message, HasSubstr("sliding_window_pattern"));
}

TEST(Gemma3GgufTest, WhatIsNotUnderstoodIsRefused) {
  const auto error = [](const std::function<void(GgufBuilder&)>& keys) {
    const auto spec = Load(keys);
    return spec.ok() ? "no error" : spec.error().message;
  };
  EXPECT_THAT(error([](GgufBuilder& file) {
                file.Scalar<float>("gemma3.attn_logit_softcapping", 50.0f);
              }),
              HasSubstr("gemma3.attn_logit_softcapping: is not understood"));
  EXPECT_THAT(error([](GgufBuilder& file) {
                Window(file);
                file.Scalar<std::uint32_t>(
                    "gemma3.attention.sliding_window_pattern", 0);
              }),
              HasSubstr("sliding_window_pattern: is 0"));
}

}  // namespace
}  // namespace pellucid
