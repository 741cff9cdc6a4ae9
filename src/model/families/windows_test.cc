#include "model/families/windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pellucid::families {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

HfModelConfig Config(const std::string& text) {
  return HfModelConfig::Parse(text, "config.json").value();
}

ArchSpec FourLayers() {
  ArchSpec spec;
  spec.n_layers = 4;
  spec.layers.resize(4);
  return spec;
}

std::vector<std::size_t> WindowsOf(const ArchSpec& spec) {
  std::vector<std::size_t> windows;
  for (const LayerSpec& layer : spec.layers) windows.push_back(layer.window);
  return windows;
}

std::size_t WindowOf(const std::string& text, std::size_t fallback) {
  HfModelConfig config = Config(text);
  const auto window = ReadWindow(config, fallback);
  EXPECT_TRUE(config.CheckAllKnown().ok());
  return window.value();
}

TEST(WindowsTest, NullAndAbsentDiffer) {
  EXPECT_EQ(WindowOf(R"({"sliding_window": 7})", 5), 7u);
  EXPECT_EQ(WindowOf(R"({"sliding_window": null})", 5), 0u);
  EXPECT_EQ(WindowOf("{}", 5), 5u);
  EXPECT_EQ(WindowOf("{}", 0), 0u);
}

TEST(WindowsTest, TheSwitchIsOffUnlessItIsOn) {
  for (const std::string text :
       {R"({"sliding_window": 7})",
        R"({"sliding_window": 7, "use_sliding_window": false})"}) {
    HfModelConfig config = Config(text);
    EXPECT_EQ(ReadSwitchedWindow(config, 5).value(), 0u);
  }
  HfModelConfig on = Config(R"({"use_sliding_window": true})");
  EXPECT_EQ(ReadSwitchedWindow(on, 5).value(), 5u);
}

TEST(WindowsTest, QwenSlidesFromAnIndexOrByName) {
  ArchSpec spec = FourLayers();
  HfModelConfig by_index = Config(
      R"({"use_sliding_window": true, "sliding_window": 3,
          "max_window_layers": 1})");
  ASSERT_TRUE(ReadQwenWindows(by_index, spec).ok());
  EXPECT_THAT(WindowsOf(spec), ElementsAre(0u, 3u, 3u, 3u));

  spec = FourLayers();
  HfModelConfig by_name = Config(
      R"({"use_sliding_window": true, "sliding_window": 3,
          "max_window_layers": 0, "layer_types": ["full_attention",
          "sliding_attention", "full_attention", "full_attention"]})");
  ASSERT_TRUE(ReadQwenWindows(by_name, spec).ok());
  EXPECT_THAT(WindowsOf(spec), ElementsAre(0u, 3u, 0u, 0u));
}

TEST(WindowsTest, WhatCannotBeIsRefused) {
  const auto error = [](const std::string& text) {
    ArchSpec spec = FourLayers();
    HfModelConfig config = Config(text);
    const Status status = ReadQwenWindows(config, spec);
    return status.ok() ? "no error" : status.error().message;
  };
  EXPECT_THAT(error(R"({"layer_types": ["full_attention"]})"),
              HasSubstr("layer_types: names 1 blocks of 4"));
  EXPECT_THAT(error(R"({"layer_types": ["full_attention", "full_attention",
                        "chunked_attention", "full_attention"]})"),
              HasSubstr("layer_types: holds \"chunked_attention\""));
  EXPECT_THAT(error(R"({"layer_types": ["full_attention", "full_attention",
                        "full_attention", "sliding_attention"]})"),
              HasSubstr("sliding_window: is missing or switched off, but block "
                        "3"));
  EXPECT_THAT(error(R"({"use_sliding_window": true, "sliding_window": 0})"),
              HasSubstr("sliding_window: is 0"));
}

}  // namespace
}  // namespace pellucid::families
