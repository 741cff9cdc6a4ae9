// Files of steering vectors come back as they were, in both formats; what does
// not fit the model is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "formats/gguf.h"
#include "formats/safetensors.h"
#include "formats/safetensors_writer.h"
#include "pellucid/steer.h"
#include "testutil/gguf_builder.h"
#include "testutil/golden_json.h"
#include "testutil/noise.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

class SteerFileTest : public ::testing::Test {
 protected:
  SteerFileTest()
      : model_(
            Model::Open(testutil::GoldenPath("tiny_hf/llama_plain")).value()),
        d_(model_.info().d_model) {}

  SteeringVector Vector(std::size_t layer) const {
    return {layer, "model.layers." + std::to_string(layer),
            testutil::Noise(d_, layer)};
  }
  std::string ReadError(const std::string& path) const {
    const auto read = ReadSteering(path, model_);
    if (read.ok()) return "none";
    EXPECT_EQ(read.error().code, ErrorCode::kModel);
    return read.error().message;
  }
  // One tensor of zeros as safetensors.
  std::string WriteOne(const std::string& name,
                       const std::vector<std::size_t>& shape, float value = 0) {
    std::size_t size = 1;
    for (const std::size_t dim : shape) size *= dim;
    const std::vector<float> values(size, value);
    const NamedFloats tensor{name, shape, values};
    EXPECT_TRUE(WriteSafetensors(dir_ / "one.safetensors", {&tensor, 1}).ok());
    return dir_ / "one.safetensors";
  }

  testutil::TempDir dir_;
  Model model_;
  std::size_t d_;
};

TEST_F(SteerFileTest, ComesBackFromEitherFormat) {
  const std::vector<SteeringVector> both = {Vector(1), Vector(0)};
  ASSERT_TRUE(WriteSteering(dir_ / "v.safetensors", both, model_).ok());
  const auto read = ReadSteering(dir_ / "v.safetensors", model_);
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->size(), 2u);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    EXPECT_EQ((*read)[layer].layer, layer);
    EXPECT_EQ((*read)[layer].site, Vector(layer).site);
    EXPECT_EQ((*read)[layer].values, Vector(layer).values);
  }
  ASSERT_TRUE(
      WriteSteering(dir_ / "v.gguf", std::span(both).first(1), model_).ok());
  const auto gguf = ReadSteering(dir_ / "v.gguf", model_);
  ASSERT_TRUE(gguf.ok()) << gguf.error().message;
  ASSERT_EQ(gguf->size(), 1u);
  EXPECT_EQ(gguf->front().site, "model.layers.1");
  EXPECT_EQ(gguf->front().values, Vector(1).values);
}

// What llama.cpp's loader asks for: names, one dimension, F32.
TEST_F(SteerFileTest, GgufHasTheLayoutOfControlVectors) {
  const SteeringVector one = Vector(1);
  ASSERT_TRUE(WriteSteering(dir_ / "v.gguf", {&one, 1}, model_).ok());
  const GgufFile file = GgufFile::Open(dir_ / "v.gguf").value();
  EXPECT_EQ(file.String("general.architecture").value(), "controlvector");
  EXPECT_EQ(file.String("controlvector.model_hint").value(), "llama");
  EXPECT_EQ(file.Unsigned("controlvector.layer_count").value(), 1u);
  ASSERT_EQ(file.tensors().size(), 1u);
  EXPECT_EQ(file.tensors()[0].name, "direction.1");
  EXPECT_EQ(file.tensors()[0].dtype, DType::kF32);
  EXPECT_EQ(file.tensors()[0].shape, (std::vector<std::size_t>{d_}));
}

TEST_F(SteerFileTest, TakesOtherSpellingsAndShapes) {
  for (const char* name :
       {"layers.1", "model.layers.1.resid_post", "blocks.1.hook_resid_post"}) {
    const auto read = ReadSteering(WriteOne(name, {1, d_}, 2), model_);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(read->front().site, "model.layers.1");
    EXPECT_EQ(read->front().values, std::vector<float>(d_, 2));
  }
}

TEST_F(SteerFileTest, RefusesWhatDoesNotFit) {
  EXPECT_THAT(ReadError(WriteOne("model.layers.1.mlp", {d_})),
              HasSubstr("tensor model.layers.1.mlp: is no name of a block's"));
  EXPECT_THAT(ReadError(WriteOne("model.layers.9", {d_})),
              HasSubstr("model.layers.9"));
  EXPECT_THAT(ReadError(WriteOne("model.layers.1", {d_ + 1})),
              HasSubstr("has shape ["));
  EXPECT_THAT(ReadError(WriteOne("model.layers.1", {2, d_ / 2})),
              HasSubstr("has shape ["));
  EXPECT_THAT(ReadError(WriteOne("model.layers.1", {d_}, std::nanf(""))),
              HasSubstr("number 0 is not finite"));
  ASSERT_TRUE(WriteSafetensors(dir_ / "none.safetensors", {}).ok());
  EXPECT_THAT(ReadError(dir_ / "none.safetensors"), HasSubstr("no vector"));
  EXPECT_THAT(ReadError(dir_ / "absent.safetensors"), HasSubstr("absent"));
  testutil::WriteFileText(dir_ / "text.safetensors", "no such file");
  EXPECT_THAT(ReadError(dir_ / "text.safetensors"), HasSubstr("text."));
  const auto gguf = [&](const std::string& name) {
    testutil::WriteFileBytes(
        dir_ / "other.gguf",
        testutil::GgufBuilder()
            .String("general.architecture", "controlvector")
            .Floats(name, {d_}, std::vector<float>(d_))
            .Build());
    return ReadError(dir_ / "other.gguf");
  };
  EXPECT_EQ(gguf("direction.1"), "none");
  EXPECT_THAT(gguf("direction.9"), HasSubstr("direction.9: is no direction.N"));
  EXPECT_THAT(gguf("direction."), HasSubstr("is no direction.N"));
  EXPECT_THAT(gguf("output"), HasSubstr("is no direction.N"));
}

TEST_F(SteerFileTest, RefusesWhatCannotBeWritten) {
  const auto message = [&](const std::vector<SteeringVector>& vectors,
                           const std::string& name) {
    return WriteSteering(dir_ / name, vectors, model_).error().message;
  };
  EXPECT_THAT(message({}, "v.gguf"), HasSubstr("vectors: there are none"));
  EXPECT_THAT(message({Vector(1), Vector(1)}, "v.safetensors"),
              HasSubstr("two are of layer 1"));
  EXPECT_THAT(message({Vector(0)}, "v.gguf"),
              HasSubstr("layer 0: llama.cpp adds no control vector"));
  EXPECT_TRUE(dir_.List().empty());
  EXPECT_THAT(message({Vector(0)}, "none/v.safetensors"), HasSubstr("none"));
}

}  // namespace
}  // namespace pellucid
