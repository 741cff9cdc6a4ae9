// Through GgufLoader, which holds the fewest rules of its own.
#include "model/tensor_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/gguf_loader.h"
#include "testutil/gguf_builder.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Bias = TensorLoader::Bias;

class TensorLoaderTest : public ::testing::Test {
 protected:
  TensorLoaderTest()
      : bytes_(testutil::GgufBuilder()
                   .Floats("m.weight", {2, 3}, {1, 2, 3, 4, 5, 6})
                   .Floats("m.bias", {2}, {7, 8})
                   .Floats("n.weight", {2}, {1, 2})
                   .Tensor("q.weight", DType::kQ8_0, {1, 32},
                           std::vector<std::byte>(34))
                   .Floats("e.weight", {2, 1, 3}, {1, 2, 3, 4, 5, 6})
                   .Floats("eye.a", {1}, {1})
                   .Build()),
        file_(GgufFile::Parse(bytes_, "f").value()),
        loader_(file_) {}

  std::vector<std::byte> bytes_;
  GgufFile file_;
  GgufLoader loader_;
};

TEST_F(TensorLoaderTest, ReadsALinearWithItsBias) {
  const LinearWeights linear = loader_.Linear("m", 2, 3).value();
  EXPECT_EQ(linear.weight.rows, 2u);
  EXPECT_EQ(linear.weight.row_bytes, 12u);
  EXPECT_FALSE(linear.weight.transposed);
  EXPECT_THAT(linear.bias, ElementsAre(7, 8));
}

TEST_F(TensorLoaderTest, ABiasIsReadLeftOrMissedAsAsked) {
  EXPECT_THAT(loader_.Linear("q", 1, 32).value().bias, IsEmpty());
  EXPECT_THAT(loader_.Linear("m", 2, 3, Bias::kNone).value().bias, IsEmpty());
  EXPECT_FALSE(loader_.CheckAllTaken().ok());
  const auto required = loader_.Linear("q", 1, 32, Bias::kRequired);
  ASSERT_FALSE(required.ok());
  EXPECT_THAT(required.error().message,
              HasSubstr("open: f: tensor q.bias: is missing"));
}

// Row r of the model is column r of the file.
TEST_F(TensorLoaderTest, AConv1dLiesTransposed) {
  const WeightView view = loader_.TransposedMatrix("m.weight", 3, 2).value();
  EXPECT_EQ(view.rows, 3u);
  EXPECT_EQ(view.cols, 2u);
  EXPECT_EQ(view.row_bytes, 12u);
  EXPECT_TRUE(view.transposed);
  EXPECT_FALSE(loader_.Conv1d("m", 2, 3).ok());
  const auto quantised = loader_.TransposedMatrix("q.weight", 32, 1);
  ASSERT_FALSE(quantised.ok());
  EXPECT_THAT(quantised.error().message, HasSubstr("is Q8_0: quantised"));
}

TEST_F(TensorLoaderTest, ALayerNormHasABiasAndAnRmsNormHasNone) {
  EXPECT_THAT(loader_.RmsNorm("n", 2).value().weight, ElementsAre(1, 2));
  EXPECT_THAT(loader_.RmsNorm("n", 2).value().bias, IsEmpty());
  const auto norm = loader_.LayerNorm("n", 2);
  ASSERT_FALSE(norm.ok());
  EXPECT_THAT(norm.error().message, HasSubstr("n.bias: is missing"));
}

TEST_F(TensorLoaderTest, AWrongShapeNamesBoth) {
  const auto wrong = loader_.Matrix("m.weight", 3, 2);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, ErrorCode::kModel);
  EXPECT_THAT(wrong.error().message,
              HasSubstr("open: f: tensor m.weight: has shape [2, 3] where the "
                        "header's keys want [3, 2]"));
}

TEST_F(TensorLoaderTest, ExpertsAreMatricesOfOneTensor) {
  const auto experts = loader_.Experts("e.weight", 2, 1, 3);
  ASSERT_TRUE(experts.ok()) << experts.error().message;
  ASSERT_EQ(experts->size(), 2u);
  EXPECT_EQ((*experts)[1].rows, 1u);
  EXPECT_EQ((*experts)[1].cols, 3u);
  EXPECT_EQ((*experts)[1].data - (*experts)[0].data, 12);
  const auto wrong = loader_.Experts("e.weight", 3, 1, 3);
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message,
              HasSubstr("tensor e.weight: has shape [2, 1, 3] where the "
                        "header's keys want [3, 1, 3]"));
}

TEST_F(TensorLoaderTest, ATensorNobodyTookIsNamed) {
  ASSERT_TRUE(loader_.Matrix("m.weight", 2, 3).ok());
  ASSERT_TRUE(loader_.Linear("q", 1, 32).ok());
  ASSERT_TRUE(loader_.RmsNorm("n", 2).ok());
  ASSERT_TRUE(loader_.Experts("e.weight", 2, 1, 3).ok());
  Status left = loader_.CheckAllTaken();
  ASSERT_FALSE(left.ok());
  EXPECT_THAT(left.error().message,
              HasSubstr("2 tensors: are not part of this architecture as this "
                        "version knows it: m.bias, eye.a; what"));
  loader_.PassOver("eye.");
  left = loader_.CheckAllTaken();
  ASSERT_FALSE(left.ok());
  EXPECT_THAT(left.error().message,
              HasSubstr("tensor m.bias: is not part of this architecture as "
                        "this version knows it; what"));
  ASSERT_TRUE(loader_.Vector("m.bias", 2).ok());
  EXPECT_TRUE(loader_.CheckAllTaken().ok());
}

// A reader that goes on behind each has them all named in the end, and with
// them what has a name that nobody knows.
TEST_F(TensorLoaderTest, EveryMissingTensorIsNamed) {
  LinearWeights linear;
  ASSERT_TRUE(
      loader_.Keep(loader_.Linear("k", 2, 3, Bias::kRequired), linear).ok());
  EXPECT_TRUE(linear.empty());
  NormWeights norm;
  ASSERT_TRUE(loader_.Keep(loader_.LayerNorm("n", 2), norm).ok());
  EXPECT_TRUE(norm.empty());
  EXPECT_TRUE(loader_.AnyMissing());
  for (const char* name : {"m.", "q.", "e."}) loader_.PassOver(name);
  Status whole = loader_.CheckAllTaken();
  ASSERT_FALSE(whole.ok());
  EXPECT_THAT(
      whole.error().message,
      HasSubstr("open: f: 3 tensors: are missing: k.bias, k.weight, n.bias; "
                "and 1 tensor is not part of this architecture as this "
                "version knows it: eye.a; the file is"));
  loader_.PassOver("eye.");
  whole = loader_.CheckAllTaken();
  ASSERT_FALSE(whole.ok());
  EXPECT_THAT(whole.error().message,
              HasSubstr("3 tensors: are missing: k.bias, k.weight, n.bias; the "
                        "file is not whole"));
}

// What is there and wrong is no tensor to go on behind.
TEST_F(TensorLoaderTest, AWrongShapeBesideAMissingTensorIsTheError) {
  LinearWeights linear;
  const Status wrong =
      loader_.Keep(loader_.Linear("n", 1, 2, Bias::kRequired), linear);
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message, HasSubstr("n.weight: has shape [2]"));
}

// A header may promise more blocks than any file has tensors.
TEST_F(TensorLoaderTest, MissingTensorsWithoutEndStopTheReader) {
  std::size_t passed = 0;
  Status last;
  for (std::size_t i = 0; i < 2 * kMaxNamed && last.ok(); ++i) {
    WeightView view;
    last = loader_.Keep(loader_.Matrix("x" + std::to_string(i), 1, 1), view);
    if (last.ok()) ++passed;
  }
  EXPECT_EQ(passed, kMaxNamed);
  ASSERT_FALSE(last.ok());
  EXPECT_THAT(last.error().message,
              HasSubstr("more than 1000 tensors: are missing: x0, x1, "));
}

}  // namespace
}  // namespace pellucid
