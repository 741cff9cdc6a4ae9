#include "model/hf_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "testutil/safetensors_builder.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testutil::SafetensorsBuilder;

class HfLoaderTest : public ::testing::Test {
 protected:
  // A loader of a folder with these tensors, whose base prefix is "model".
  HfLoader Loader(const SafetensorsBuilder& tensors,
                  const std::string& config = "{}") {
    testutil::WriteFileText(dir_ / "config.json", config);
    testutil::WriteFileBytes(dir_ / "model.safetensors", tensors.Build());
    folder_.emplace(HfFolder::Open(dir_.path()).value());
    return HfLoader(*folder_, "model");
  }

  testutil::TempDir dir_;
  std::optional<HfFolder> folder_;
};

TEST_F(HfLoaderTest, FindsANameWithTheBasePrefixWithoutItAndWithItAdded) {
  HfLoader loader = Loader(SafetensorsBuilder()
                               .Floats("model.a", {1}, {1})
                               .Floats("b", {1}, {2})
                               .Floats("model.model.c", {1}, {3})
                               .Floats("model.head", {1}, {4}));
  EXPECT_THAT(loader.Vector("model.a", 1).value(), ElementsAre(1));
  EXPECT_THAT(loader.Vector("model.b", 1).value(), ElementsAre(2));
  EXPECT_THAT(loader.Vector("model.c", 1).value(), ElementsAre(3));
  EXPECT_THAT(loader.Vector("head", 1).value(), ElementsAre(4));
  EXPECT_FALSE(loader.HasTensor("model.d"));
  EXPECT_TRUE(loader.CheckAllTaken().ok());
}

TEST_F(HfLoaderTest, TheSameTensorInTwoSpellingsLeavesOneOver) {
  HfLoader loader = Loader(
      SafetensorsBuilder().Floats("model.a", {1}, {1}).Floats("a", {1}, {2}));
  EXPECT_THAT(loader.Vector("model.a", 1).value(), ElementsAre(1));
  const Status left = loader.CheckAllTaken();
  ASSERT_FALSE(left.ok());
  EXPECT_THAT(left.error().message,
              HasSubstr("open: " + dir_.path() + ": tensor a: is not part"));
}

TEST_F(HfLoaderTest, BuffersArePassedOver) {
  HfLoader loader = Loader(
      SafetensorsBuilder()
          .Floats("model.layers.0.self_attn.rotary_emb.inv_freq", {1}, {1})
          .Floats("rotary_emb.inv_freq", {1}, {1})
          .Tensor("h.0.attn.bias", "U8", {1, 1, 1, 1}, {std::byte{1}})
          .Floats("h.0.attn.masked_bias", {}, {-1e4f}));
  EXPECT_TRUE(loader.CheckAllTaken().ok());
  HfLoader bias =
      Loader(SafetensorsBuilder().Floats("self_attn.bias", {1}, {1}));
  EXPECT_FALSE(bias.CheckAllTaken().ok());
}

TEST_F(HfLoaderTest, HalvesAreReadInPlaceAtAnyAlignment) {
  for (std::size_t blanks = 0; blanks < 8; ++blanks) {
    HfLoader loader = Loader(
        SafetensorsBuilder()
            .Tensor(
                "f32", "F32", {1},
                {std::byte{0}, std::byte{0}, std::byte{0x80}, std::byte{0x3f}})
            .Tensor("f16", "F16", {1}, {std::byte{0}, std::byte{0x3c}})
            .Tensor("bf16", "BF16", {1}, {std::byte{0x80}, std::byte{0x3f}})
            .PadHeader(blanks));
    for (const std::string name : {"f32", "f16", "bf16"}) {
      EXPECT_THAT(loader.Vector(name, 1).value(), ElementsAre(1)) << name;
    }
  }
}

TEST_F(HfLoaderTest, AnElementTypeThatIsNoWeightIsNamed) {
  HfLoader loader =
      Loader(SafetensorsBuilder().Tensor("model.a", "U8", {1}, {std::byte{1}}));
  EXPECT_TRUE(loader.HasTensor("model.a"));
  const auto a = loader.Vector("model.a", 1);
  ASSERT_FALSE(a.ok());
  EXPECT_THAT(a.error().message, HasSubstr("unsupported dtype U8 of tensor "
                                           "model.a"));
}

TEST_F(HfLoaderTest, AWrongShapeNamesBoth) {
  HfLoader loader = Loader(SafetensorsBuilder().Floats("a", {1, 2}, {1, 2}));
  const auto a = loader.Matrix("a", 2, 1);
  ASSERT_FALSE(a.ok());
  EXPECT_THAT(a.error().message, HasSubstr("tensor a: has shape [1, 2] where "
                                           "config.json wants [2, 1]"));
}

TEST_F(HfLoaderTest, ActivationsGoByTheirNames) {
  ArchSpec spec;
  const auto read = [&](const std::string& json) {
    HfModelConfig config = HfModelConfig::Parse(json, "c").value();
    const auto name = ReadActivation(config, "gelu_new", spec);
    return name.ok() ? std::string(*name) : name.error().message;
  };
  EXPECT_EQ(read("{}"), "gelu_new");
  EXPECT_EQ(spec.activation, kernels::Activation::kGeluTanh);
  EXPECT_EQ(read(R"({"hidden_act": "silu"})"), "silu");
  EXPECT_EQ(spec.activation, kernels::Activation::kSilu);
  EXPECT_EQ(read(R"({"activation_function": "relu"})"), "relu");
  EXPECT_EQ(spec.activation, kernels::Activation::kRelu);
  EXPECT_THAT(read(R"({"hidden_act": "xielu"})"),
              HasSubstr("hidden_act: is \"xielu\""));
  EXPECT_THAT(read(R"({"activation_function": "xielu"})"),
              HasSubstr("activation_function: is \"xielu\""));
}

class HfEmbeddingsTest : public HfLoaderTest {
 protected:
  // What ReadEmbeddings makes of a file with these tensors: "tied" or
  // "untied", or the error.
  std::string Read(const std::vector<std::string>& names, bool tied) {
    SafetensorsBuilder builder;
    float value = 1;
    for (const std::string& name : names) {
      builder.Floats(name, {2, 1}, {value, value});
      value += 1;
    }
    HfLoader loader = Loader(builder);
    ArchSpec spec;
    spec.vocab_size = 2;
    spec.d_model = 1;
    weights_ = Weights();
    const Status status =
        ReadEmbeddings(loader, "model.embed", "lm_head", tied, spec, weights_);
    if (!status.ok()) return status.error().message;
    EXPECT_TRUE(loader.CheckAllTaken().ok());
    EXPECT_EQ(weights_.tied, weights_.embed.data == weights_.unembed.data);
    return weights_.tied ? "tied" : "untied";
  }

  Weights weights_;
};

TEST_F(HfEmbeddingsTest, ATiedHeadIsTheEmbedding) {
  EXPECT_EQ(Read({"model.embed.weight"}, true), "tied");
}

TEST_F(HfEmbeddingsTest, AStoredHeadIsUsedWhateverTheConfigSays) {
  EXPECT_EQ(Read({"model.embed.weight", "lm_head.weight"}, false), "untied");
  EXPECT_EQ(Read({"model.embed.weight", "lm_head.weight"}, true), "untied");
}

TEST_F(HfEmbeddingsTest, WhereOnlyTheHeadIsStoredItIsTheEmbeddingToo) {
  EXPECT_EQ(Read({"lm_head.weight"}, true), "tied");
  EXPECT_THAT(Read({"lm_head.weight"}, false),
              HasSubstr("tensor model.embed.weight: is missing"));
}

TEST_F(HfEmbeddingsTest, AnUntiedModelWithoutAHeadIsRefused) {
  EXPECT_THAT(Read({"model.embed.weight"}, false),
              HasSubstr("tensor lm_head.weight: is missing, and config.json "
                        "does not tie it"));
}

}  // namespace
}  // namespace pellucid
