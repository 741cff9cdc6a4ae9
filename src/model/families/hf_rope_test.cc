#include "model/families/hf_rope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "formats/gguf.h"
#include "model/gguf_loader.h"
#include "testutil/gguf_builder.h"

namespace pellucid::families {
namespace {

using ::testing::HasSubstr;

class HfRopeTest : public ::testing::Test {
 protected:
  HfRopeTest() {
    spec_.head_dim = 8;
    spec_.context_length = 128;
  }
  // Of the keys, "no error" or a message.
  std::string Make(const std::string& keys, bool yarn_is_long = false) {
    HfModelConfig config =
        HfModelConfig::Parse("{" + keys + "}", "config.json").value();
    auto read = ReadHfRope(config, {.yarn_is_long = yarn_is_long}, spec_);
    if (!read.ok()) return read.error().message;
    const Status known = config.CheckAllKnown();
    if (!known.ok()) return known.error().message;
    rope_ = *read;
    const auto dims = static_cast<std::size_t>(8 * rope_.partial);
    auto made =
        MakeRope(loader_, rope_, dims, kernels::RopePairs::kHalves, spec_);
    if (!made.ok()) return made.error().message;
    made_ = *made;
    return "no error";
  }

  std::vector<std::byte> bytes_ = testutil::GgufBuilder().Build();
  GgufFile file_ = GgufFile::Parse(bytes_, "f").value();
  GgufLoader loader_{file_};
  ArchSpec spec_;
  HfRope rope_;
  RopeSpec made_;
};

TEST_F(HfRopeTest, OldAndNewSpellingsSayTheSame) {
  EXPECT_EQ(Make(""), "no error");
  EXPECT_EQ(made_.inv_freq, kernels::InverseFrequencies(10000, 8));
  EXPECT_EQ(Make(R"("rope_theta": 500, "partial_rotary_factor": 0.5,
                    "rope_scaling": {"type": "linear", "factor": 2})"),
            "no error");
  const RopeSpec old = made_;
  EXPECT_EQ(old.dims, 4u);
  EXPECT_EQ(Make(R"("rope_parameters": {"rope_type": "linear", "factor": 2,
                    "rope_theta": 500, "partial_rotary_factor": 0.5})"),
            "no error");
  EXPECT_EQ(made_.inv_freq, old.inv_freq);
  EXPECT_EQ(made_.dims, 4u);
}

TEST_F(HfRopeTest, TheOriginalContextOutsideBeatsTheOneWithin) {
  EXPECT_EQ(Make(R"("original_max_position_embeddings": 32,
      "rope_scaling": {"type": "yarn", "factor": 4,
                       "original_max_position_embeddings": 64})"),
            "no error");
  EXPECT_EQ(rope_.original_context, 32);
  EXPECT_NEAR(made_.scale, 1.1386294f, 1e-6);
}

TEST_F(HfRopeTest, LongRopeTakesItsFactorFromTheContexts) {
  const std::string scaling = R"("original_max_position_embeddings": 32,
      "rope_scaling": {"type": "su", "short_factor": [1, 1, 1, 1],
                       "long_factor": [2, 2, 2, 2]})";
  EXPECT_EQ(Make(scaling), "no error");
  EXPECT_EQ(rope_.factor, 4);
  EXPECT_NEAR(made_.scale, 1.18321596f, 1e-6);
  EXPECT_EQ(made_.switch_length, 32u);
  EXPECT_THAT(Make(R"("rope_scaling": {"type": "yarn", "short_factor": [1],
                      "long_factor": [2]})",
                   /*yarn_is_long=*/true),
              HasSubstr("1 factors for 4 rotary frequencies"));
}

TEST_F(HfRopeTest, DynamicStretchesTheContext) {
  EXPECT_EQ(Make(R"("rope_scaling": {"type": "dynamic", "factor": 2.5})"),
            "no error");
  EXPECT_EQ(spec_.context_length, 320u);
  EXPECT_EQ(made_.switch_length, 128u);
}

TEST_F(HfRopeTest, WhatIsNotUnderstoodIsNamed) {
  EXPECT_THAT(Make(R"("rope_scaling": {"type": "abf"})"),
              HasSubstr("rope_scaling.type: is \"abf\": unsupported"));
  EXPECT_THAT(Make(R"("rope_scaling": {"type": "linear"})"),
              HasSubstr("rope_scaling.factor: is missing"));
  EXPECT_THAT(Make(R"("rope_scaling": {"type": "default", "twist": 3})"),
              HasSubstr("rope_scaling.twist"));
  EXPECT_THAT(Make(R"("rope_scaling": {"type": "llama3", "factor": 8,
                      "low_freq_factor": 4, "high_freq_factor": 4})"),
              HasSubstr("not above low_freq_factor 4"));
  EXPECT_THAT(Make(R"("partial_rotary_factor": 0.4)"),
              HasSubstr("are 3 of a head size of 8"));
  EXPECT_THAT(Make(R"("rope_theta": 1e-30)"),
              HasSubstr("rotary frequencies: one is"));
}

}  // namespace
}  // namespace pellucid::families
