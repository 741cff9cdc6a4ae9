#include "model/families/experts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "formats/gguf.h"
#include "testutil/gguf_builder.h"

namespace pellucid::families {
namespace {

using ::testing::HasSubstr;

std::vector<bool> HasExperts(const ArchSpec& spec) {
  std::vector<bool> has;
  for (const LayerSpec& layer : spec.layers) has.push_back(layer.has_experts);
  return has;
}

ArchSpec FourLayers() {
  ArchSpec spec;
  spec.n_layers = 4;
  spec.layers.resize(4);
  return spec;
}

Status Read(const std::string& text, ArchSpec& spec) {
  auto config = HfModelConfig::Parse(text, "config.json").value();
  return ReadQwenExperts(config,
                         {.n_experts = 6, .n_active = 2, .d_expert = 10}, spec);
}

TEST(ExpertsTest, BlocksAreDenseByStepOrByName) {
  ArchSpec spec = FourLayers();
  ASSERT_TRUE(Read("{}", spec).ok());
  EXPECT_EQ(HasExperts(spec), (std::vector<bool>(4, true)));
  EXPECT_EQ(spec.experts.n_experts, 6u);
  EXPECT_FALSE(spec.experts.renormalise);
  ASSERT_TRUE(
      Read(R"({"decoder_sparse_step": 2, "mlp_only_layers": [3]})", spec).ok());
  EXPECT_EQ(HasExperts(spec), (std::vector<bool>{false, true, false, false}));
  ASSERT_TRUE(Read(R"({"num_experts": 0})", spec).ok());
  EXPECT_EQ(HasExperts(spec), (std::vector<bool>(4, false)));
}

TEST(ExpertsTest, MoreActiveThanThereAreIsRefused) {
  ArchSpec spec = FourLayers();
  const Status status = Read(R"({"num_experts_per_tok": 7})", spec);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message,
              HasSubstr("num_experts_per_tok: is 7 of 6 experts"));
}

TEST(ExpertsTest, AHeaderMayLeaveOutTheirWidth) {
  const auto bytes =
      testutil::GgufBuilder()
          .Scalar<std::uint32_t>("x.expert_count", 4)
          .Scalar<std::uint32_t>("x.expert_used_count", 3)
          .Floats("blk.1.ffn_gate_inp.weight", {4, 1}, {0.0f, 1.0f, 2.0f, 3.0f})
          .Build();
  const auto file = GgufFile::Parse(bytes, "x.gguf").value();
  ArchSpec spec = FourLayers();
  spec.d_mlp = 12;
  const Status status =
      ReadGgufExperts(GgufLoader(file), GgufKeys("x"), true, spec);
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(spec.experts.d_expert, 12u);
  EXPECT_TRUE(spec.experts.renormalise);
  EXPECT_EQ(HasExperts(spec), (std::vector<bool>{false, true, false, false}));
}

}  // namespace
}  // namespace pellucid::families
