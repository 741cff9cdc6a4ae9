// Through HfLoader, as families read packed weights.
#include "model/mlx_tensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "kernels/decode.h"
#include "model/hf_loader.h"
#include "testutil/safetensors_builder.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

constexpr char kFourBits[] =
    R"({"quantization": {"group_size": 32, "bits": 4}})";

// A folder whose one packed matrix "m" [2, 64] a test spoils.
struct Folder {
  struct One {
    std::string name, dtype;
    std::vector<std::size_t> shape;
    std::size_t element_bytes;
    int fill = 0;
  };
  std::string config = kFourBits;
  std::vector<One> tensors = {{"m.weight", "U32", {2, 8}, 4, 0x21},
                              {"m.scales", "F16", {2, 2}, 2, 0x3c},
                              {"m.biases", "F16", {2, 2}, 2, 0}};

  One& operator[](const std::string& name) {
    for (One& one : tensors) {
      if (one.name == name) return one;
    }
    tensors.push_back({name, "", {}, 1});
    return tensors.back();
  }
  void Remove(const std::string& name) {
    std::erase_if(tensors, [&](const One& one) { return one.name == name; });
  }

  // Opens it in `dir` and reads "m.weight" as [rows, cols].
  Result<WeightView> Read(std::size_t rows, std::size_t cols) {
    testutil::SafetensorsBuilder builder;
    for (const One& one : tensors) {
      std::size_t bytes = one.element_bytes;
      for (const std::size_t dim : one.shape) bytes *= dim;
      builder.Tensor(one.name, one.dtype, one.shape,
                     std::vector(bytes, static_cast<std::byte>(one.fill)));
    }
    const std::vector<std::byte> bytes = builder.Build();
    testutil::WriteFileText(
        dir / "model.safetensors",
        {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    testutil::WriteFileText(dir / "config.json", config);
    PELLUCID_ASSIGN_OR_RETURN(HfFolder opened, HfFolder::Open(dir.path()));
    folder.emplace(std::move(opened));
    loader.emplace(*folder, "model");
    return loader->Matrix("m.weight", rows, cols);
  }
  std::string ErrorOf(std::size_t rows = 2, std::size_t cols = 64) {
    const auto read = Read(rows, cols);
    if (read.ok()) return "no error";
    EXPECT_EQ(read.error().code, ErrorCode::kModel);
    return read.error().message;
  }

  testutil::TempDir dir;
  std::optional<HfFolder> folder;
  std::optional<HfLoader> loader;
};

TEST(MlxTensorsTest, FindsScalesAndBiasesBesideTheWords) {
  Folder folder;
  const auto view = folder.Read(2, 64);
  ASSERT_TRUE(view.ok()) << view.error().message;
  EXPECT_EQ(view->dtype, DType::kU4);
  EXPECT_EQ(view->row_bytes, 32u);
  EXPECT_EQ(view->groups.elements, 32u);
  EXPECT_EQ(view->groups.row_bytes, 4u);
  // Halves of the bits 0x3c3c, times 1 and 2, and no bias.
  std::vector<float> row(64);
  kernels::DecodeRow(*view, 1, row);
  EXPECT_EQ(row[0], 1.05859375f);
  EXPECT_EQ(row[63], 2 * 1.05859375f);
  EXPECT_TRUE(folder.loader->CheckAllTaken().ok());
}

// What config.json does not name is as its shapes say.
TEST(MlxTensorsTest, ShapesSayHowUnnamedModulesArePacked) {
  Folder folder;
  folder.config = R"({"quantization": {"group_size": 64, "bits": 8}})";
  const auto view = folder.Read(2, 64);
  ASSERT_TRUE(view.ok()) << view.error().message;
  EXPECT_EQ(view->dtype, DType::kU4);
  EXPECT_EQ(folder.Read(2, 128).value().dtype, DType::kU2);
  EXPECT_EQ(folder.Read(2, 128).value().groups.elements, 64u);
  EXPECT_THAT(folder.ErrorOf(2, 66),
              HasSubstr("tensor m.weight: 8 words and 2 scales a row are no 66 "
                        "elements as MLX packs them"));
  EXPECT_THAT(folder.ErrorOf(2, 16), HasSubstr("are no 16 elements"));
  EXPECT_THAT(folder.ErrorOf(2, 0), HasSubstr("are no 0 elements"));
}

TEST(MlxTensorsTest, NamedModulesMustBeAsTheirNameSays) {
  Folder folder;
  const auto with = [&](const std::string& scheme) {
    folder.config = R"({"quantization": {"m": )" + scheme + "}}";
    return folder.ErrorOf();
  };
  EXPECT_EQ(with(R"({"group_size": 32, "bits": 4})"), "no error");
  EXPECT_THAT(with(R"({"group_size": 64, "bits": 4})"),
              HasSubstr("which is not \"affine, 4 bits, groups of 64\""));
  EXPECT_THAT(with(R"({"group_size": 32, "bits": 8})"),
              HasSubstr("do not belong together"));
  EXPECT_THAT(with(R"({"mode": "mxfp4"})"), HasSubstr("mxfp4"));
  EXPECT_THAT(with("false"), HasSubstr("config.json says that it is not"));
}

TEST(MlxTensorsTest, ReadsFloatsWithoutBiases) {
  Folder folder;
  folder.Remove("m.biases");
  folder["m.scales"] = {"m.scales", "U8", {2, 2}, 1, 127};
  const auto mxfp4 = folder.Read(2, 64);
  ASSERT_TRUE(mxfp4.ok()) << mxfp4.error().message;
  EXPECT_EQ(mxfp4->dtype, DType::kE2M1);
  EXPECT_EQ(mxfp4->groups.dtype, DType::kF8E8M0);
  folder["m.scales"].shape = {2, 4};
  folder["m.scales"].fill = 0x38;
  const auto nvfp4 = folder.Read(2, 64);
  ASSERT_TRUE(nvfp4.ok()) << nvfp4.error().message;
  EXPECT_EQ(nvfp4->groups.dtype, DType::kF8E4M3);
  std::vector<float> row(64);
  kernels::DecodeRow(*nvfp4, 0, row);
  EXPECT_EQ(row[0], 0.5f);
  EXPECT_EQ(row[1], 1.0f);
  // A scale of the whole: 0x46464646 over 448 * 6.
  folder["m.global_scale"] = {"m.global_scale", "F32", {1}, 4, 0x46};
  kernels::DecodeRow(folder.Read(2, 64).value(), 0, row);
  EXPECT_EQ(row[1], 0x1.8c8c8cp13f / 2688.0f);
  EXPECT_TRUE(folder.loader->CheckAllTaken().ok());
}

TEST(MlxTensorsTest, RefusesWhatDoesNotFitTogether) {
  EXPECT_THAT(Folder().ErrorOf(3, 64),
              HasSubstr("has shape [2, 64] where config.json wants [3, 64]"));
  {
    Folder folder;
    folder.Remove("m.scales");
    EXPECT_THAT(folder.ErrorOf(), HasSubstr("m.scales is missing"));
  }
  {
    Folder folder;
    folder.Remove("m.biases");
    EXPECT_THAT(folder.ErrorOf(), HasSubstr("needs m.biases"));
  }
  {
    Folder folder;
    folder["m.scales"].shape = {1, 4};
    EXPECT_THAT(folder.ErrorOf(), HasSubstr("do not belong together"));
  }
  {
    Folder folder;
    folder["m.biases"].shape = {1, 4};
    EXPECT_THAT(folder.ErrorOf(), HasSubstr("its biases F16 [1, 4]"));
  }
  {
    Folder folder;
    folder["m.biases"] = {"m.biases", "BF16", {2, 2}, 2};
    EXPECT_THAT(folder.ErrorOf(), HasSubstr("its biases BF16"));
  }
  {
    Folder folder;
    folder["m.scales"] = {"m.scales", "F64", {2, 2}, 8};
    folder["m.biases"] = {"m.biases", "F64", {2, 2}, 8};
    EXPECT_THAT(folder.ErrorOf(), HasSubstr("its scales are F64"));
  }
  {
    Folder folder;
    folder["m.global_scale"] = {"m.global_scale", "F32", {1}, 4};
    EXPECT_THAT(folder.ErrorOf(), HasSubstr("m.global_scale is F32 [1]"));
  }
  {
    Folder folder;
    folder.config = "{}";
    EXPECT_THAT(folder.ErrorOf(), HasSubstr("has no \"quantization\""));
  }
}

// Scales that no weight of the model has are as unknown as any tensor.
TEST(MlxTensorsTest, NamesScalesThatAreLeftOver) {
  Folder folder;
  folder["n.scales"] = {"n.scales", "F16", {2, 2}, 2};
  ASSERT_TRUE(folder.Read(2, 64).ok());
  const Status left = folder.loader->CheckAllTaken();
  ASSERT_FALSE(left.ok());
  EXPECT_THAT(left.error().message, HasSubstr("tensor n.scales"));
}

// [experts, rows, cols], packed.
TEST(MlxTensorsTest, StackedExpertsHaveScalesOfTheirOwn) {
  Folder folder;
  folder["m.weight"].shape = {3, 2, 8};
  folder["m.scales"].shape = {3, 2, 2};
  folder["m.biases"].shape = {3, 2, 2};
  EXPECT_FALSE(folder.Read(2, 64).ok());
  const auto experts = folder.loader->Experts("m.weight", 3, 2, 64);
  ASSERT_TRUE(experts.ok()) << experts.error().message;
  ASSERT_EQ(experts->size(), 3u);
  const WeightView &first = experts->front(), &last = experts->back();
  EXPECT_EQ(last.rows, 2u);
  EXPECT_EQ(last.data - first.data, 2 * 2 * 32);
  EXPECT_EQ(last.groups.scales - first.groups.scales, 2 * 2 * 4);
  EXPECT_EQ(last.groups.biases - first.groups.biases, 2 * 2 * 4);
}

// Each with a scale of the whole.
TEST(MlxTensorsTest, StackedExpertsMayHaveAFactorEach) {
  Folder folder;
  folder["m.weight"].shape = {3, 2, 8};
  folder.Remove("m.biases");
  folder["m.scales"] = {"m.scales", "U8", {3, 2, 4}, 1, 0x38};
  folder["m.global_scale"] = {"m.global_scale", "F32", {3}, 4, 0x46};
  EXPECT_FALSE(folder.Read(2, 64).ok());
  const auto experts = folder.loader->Experts("m.weight", 3, 2, 64);
  ASSERT_TRUE(experts.ok()) << experts.error().message;
  EXPECT_EQ(experts->back().groups.factor, 0x1.8c8c8cp13f / 2688.0f);
  EXPECT_TRUE(folder.loader->CheckAllTaken().ok());
  folder["m.global_scale"].shape = {2};
  EXPECT_FALSE(folder.Read(2, 64).ok());
  EXPECT_FALSE(folder.loader->Experts("m.weight", 3, 2, 64).ok());
}

TEST(MlxTensorsTest, KnowsWhatMlxRenames) {
  EXPECT_EQ(MlxNameOf("gpt_neox.layers.3.mlp.dense_h_to_4h.weight"),
            "model.h.3.mlp.dense_h_to_4h.weight");
  EXPECT_EQ(MlxNameOf("gpt_neox.embed_in.weight"), "model.embed_in.weight");
  EXPECT_EQ(MlxNameOf("embed_out.weight"), "model.embed_out.weight");
  EXPECT_EQ(MlxNameOf("transformer.wte.weight"), "model.wte.weight");
  EXPECT_EQ(MlxNameOf("model.norm.weight"), "");
}

}  // namespace
}  // namespace pellucid
