#include "analysis/weight_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <tuple>

#include "testutil/gguf_builder.h"
#include "testutil/golden_json.h"
#include "testutil/hf_goldens.h"
#include "testutil/safetensors_builder.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testutil::TempDir;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<NonFiniteWeights> Find(const std::string& path,
                                   std::size_t threads = 2) {
  const auto checkpoint = Checkpoint::Open(path);
  EXPECT_TRUE(checkpoint.ok()) << checkpoint.error().message;
  return FindNonFiniteWeights(*checkpoint, TaskPool(threads)).value();
}

TEST(WeightScanTest, SoundModelsHaveNone) {
  for (const std::string& name : testutil::TinyLlamaNames()) {
    EXPECT_THAT(Find(testutil::TinyLlamaPath(name)), IsEmpty()) << name;
  }
  for (const std::string& name : testutil::FamilyGoldenNames()) {
    EXPECT_THAT(Find(testutil::FamilyGoldenPath(name)), IsEmpty()) << name;
  }
  for (const auto& entry :
       std::filesystem::directory_iterator(testutil::GoldenPath("mlx"))) {
    if (!entry.is_directory()) continue;
    EXPECT_THAT(Find(entry.path()), IsEmpty()) << entry.path();
  }
}

TEST(WeightScanTest, NamesTensorAndIndex) {
  testutil::HfModel model = testutil::TinyHfLlama();
  model["model.layers.1.mlp.up_proj.weight"].values[3 * 8 + 5] = kNan;
  model["model.layers.1.mlp.up_proj.weight"].values[4 * 8] = kInf;
  model["model.norm.weight"].values[7] = -kInf;
  const TempDir dir;
  model.Write(dir.path());
  const auto found = Find(dir.path());
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].tensor, "model.layers.1.mlp.up_proj.weight");
  EXPECT_THAT(found[0].index, ElementsAre(3, 5));
  EXPECT_TRUE(std::isnan(found[0].value));
  EXPECT_EQ(found[0].count, 2u);
  EXPECT_EQ(found[1].tensor, "model.norm.weight");
  EXPECT_THAT(found[1].index, ElementsAre(7));
  EXPECT_EQ(found[1].value, -kInf);
  EXPECT_EQ(found[1].count, 1u);
}

// The second piece of three, and a scale that makes a block infinite.
TEST(WeightScanTest, WholeTensorsAreRead) {
  const std::size_t rows = 200, cols = 200;
  std::vector<float> values(rows * cols, 1.0f);
  values[100 * cols + 1] = kInf;
  std::vector<std::byte> blocks(4 * 34);
  blocks[2 * 34] = std::byte{0x00};
  blocks[2 * 34 + 1] = std::byte{0x7c};  // infinity, of 16 bits
  blocks[2 * 34 + 2] = std::byte{1};
  const auto bytes = testutil::GgufBuilder()
                         .Floats("large", {rows, cols}, values)
                         .Tensor("blocks", DType::kQ8_0, {2, 64}, blocks)
                         .Build();
  const TempDir dir;
  testutil::WriteFileBytes(dir / "m.gguf", bytes);
  for (const std::size_t threads : {1u, 3u}) {
    const auto found = Find(dir / "m.gguf", threads);
    ASSERT_THAT(found, SizeIs(2));
    EXPECT_EQ(found[0].tensor, "large");
    EXPECT_THAT(found[0].index, ElementsAre(100, 1));
    EXPECT_EQ(found[0].count, 1u);
    EXPECT_EQ(found[1].tensor, "blocks");
    EXPECT_THAT(found[1].index, ElementsAre(1, 0));
    EXPECT_EQ(found[1].count, 32u);  // 0 times infinity is no number
  }
}

// Packed elements are always numbers; their scales need not be.
TEST(WeightScanTest, ScalesOfPackedElements) {
  for (const auto& [elements, words, bad] :
       {std::tuple{"mxfp4", 4, 0xff}, std::tuple{"nvfp4", 2, 0x7f}}) {
    SCOPED_TRACE(elements);
    const TempDir dir;
    testutil::WriteFileText(dir / "config.json", R"({"model_type": "llama"})");
    std::vector<std::byte> scales(2, std::byte{0x38});
    scales[1] = static_cast<std::byte>(bad);
    const auto width = static_cast<std::size_t>(words);
    testutil::WriteFileBytes(
        dir / "model.safetensors",
        testutil::SafetensorsBuilder()
            .Tensor("p.weight", "U32", {1, 2 * width},
                    std::vector<std::byte>(2 * width * 4, std::byte{0xff}))
            .Tensor("p.scales", "U8", {1, 2}, scales)
            .Tensor("mask", "U8", {1}, {std::byte{0xff}})
            .Build());
    const auto found = Find(dir.path());
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].tensor, "p.scales");
    EXPECT_THAT(found[0].index, ElementsAre(0, 1));
  }
}

// A mask that older versions stored is no weight.
TEST(WeightScanTest, BuffersAreNoWeights) {
  testutil::HfModel model = testutil::TinyHfGpt2();
  model.Add("transformer.h.0.attn.bias", {2});
  model["transformer.h.0.attn.bias"].values[1] = -kInf;
  const TempDir dir;
  model.Write(dir.path());
  EXPECT_THAT(Find(dir.path()), IsEmpty());
}

TEST(WeightScanTest, AStopIsObeyed) {
  std::stop_source stop;
  stop.request_stop();
  const auto checkpoint =
      Checkpoint::Open(testutil::TinyLlamaPath("mha_tied_f32"));
  const auto found =
      FindNonFiniteWeights(*checkpoint, TaskPool(1), stop.get_token());
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace pellucid
