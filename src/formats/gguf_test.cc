#include "formats/gguf.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/gguf_builder.h"
#include "testutil/model_path.h"
#include "testutil/temp_dir.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testutil::GgufBuilder;

template <typename T>
std::string MessageOf(const Result<T>& result) {
  if (result.ok()) return "no error";
  EXPECT_EQ(result.error().code, ErrorCode::kModel);
  return result.error().message;
}

// One key of each type, named for it.
GgufBuilder EveryType() {
  return GgufBuilder()
      .Scalar<std::uint8_t>("u8", 200)
      .Scalar<std::int8_t>("i8", -100)
      .Scalar<std::uint16_t>("u16", 60000)
      .Scalar<std::int16_t>("i16", 30000)
      .Scalar<std::uint32_t>("u32", 4000000000u)
      .Scalar<std::int32_t>("i32", 7)
      .Scalar<float>("f32", 0.1f)
      .Bool("bool", true)
      .String("string", "text")
      .Scalar<std::uint64_t>("u64", ~std::uint64_t{0})
      .Scalar<std::int64_t>("i64", std::int64_t{1} << 40)
      .Scalar<double>("f64", 0.1)
      .Strings("strings", {"a", "", "bc"})
      .Strings("none", {})
      .Array<float>("floats", {1.5f, -2.0f})
      .Array<double>("doubles", {0.25})
      .Bools("bools", {true, false});
}

class GgufTest : public ::testing::Test {
 protected:
  const std::vector<std::byte> bytes_ =
      EveryType()
          .Floats("x", {2}, {1, 2})
          .Tensor("q", DType::kQ8_0, {3, 32}, std::vector<std::byte>(102))
          .Build();
  const Result<GgufFile> file_ = GgufFile::Parse(bytes_, "m.gguf");
};

TEST_F(GgufTest, IntegersOfAnyWidth) {
  ASSERT_TRUE(file_.ok()) << file_.error().message;
  EXPECT_EQ(file_->Unsigned("u8").value(), 200u);
  EXPECT_EQ(file_->Unsigned("u16").value(), 60000u);
  EXPECT_EQ(file_->Unsigned("i16").value(), 30000u);
  EXPECT_EQ(file_->Unsigned("u32").value(), 4000000000u);
  EXPECT_EQ(file_->Unsigned("i32").value(), 7u);
  EXPECT_EQ(file_->Unsigned("u64").value(), ~std::uint64_t{0});
  EXPECT_EQ(file_->Unsigned("i64").value(), std::uint64_t{1} << 40);
}

TEST_F(GgufTest, OtherScalars) {
  ASSERT_TRUE(file_.ok());
  EXPECT_EQ(file_->Float("f32").value(), double{0.1f});
  EXPECT_EQ(file_->Float("f64").value(), 0.1);
  EXPECT_TRUE(file_->Bool("bool", false).value());
  EXPECT_EQ(file_->String("string").value(), "text");
}

TEST_F(GgufTest, FallbacksServeAbsentKeysOnly) {
  ASSERT_TRUE(file_.ok());
  EXPECT_EQ(file_->Unsigned("absent", 3).value(), 3u);
  EXPECT_EQ(file_->Float("absent", 1.5).value(), 1.5);
  EXPECT_TRUE(file_->Bool("absent", true).value());
  EXPECT_EQ(file_->String("absent", "x").value(), "x");
  EXPECT_EQ(file_->Unsigned("u8", 3).value(), 200u);
  EXPECT_THAT(MessageOf(file_->Unsigned("string", 3)),
              HasSubstr("key string is a string"));
  EXPECT_THAT(MessageOf(file_->Float("u8", 3)),
              HasSubstr("key u8 is an unsigned integer, expected a float"));
  EXPECT_THAT(MessageOf(file_->Bool("u8", true)), HasSubstr("expected a bool"));
  EXPECT_THAT(MessageOf(file_->String("f32", "x")),
              HasSubstr("key f32 is a float, expected a string"));
}

TEST_F(GgufTest, ErrorsNameFileKeyAndBothTypes) {
  ASSERT_TRUE(file_.ok());
  EXPECT_EQ(MessageOf(file_->Unsigned("absent")),
            "open: m.gguf: key absent (a non-negative integer) is absent; "
            "convert the model again");
  EXPECT_EQ(MessageOf(file_->Unsigned("bools")),
            "open: m.gguf: key bools is an array of 2 bools, expected a "
            "non-negative integer; convert the model again");
  EXPECT_THAT(MessageOf(file_->Unsigned("i8")),
              HasSubstr("key i8 is -100, expected a non-negative integer"));
  EXPECT_THAT(MessageOf(file_->Float("absent")), HasSubstr("absent (a float)"));
  EXPECT_THAT(MessageOf(file_->String("bool")),
              HasSubstr("key bool is a bool"));
  EXPECT_THAT(MessageOf(file_->String("i8")), HasSubstr("a signed integer"));
}

TEST_F(GgufTest, StringArrays) {
  ASSERT_TRUE(file_.ok());
  EXPECT_THAT(file_->Strings("strings").value(), ElementsAre("a", "", "bc"));
  EXPECT_THAT(file_->Strings("none").value(), IsEmpty());
  EXPECT_THAT(MessageOf(file_->Strings("floats")),
              HasSubstr("an array of 2 floats, expected an array of strings"));
  EXPECT_THAT(MessageOf(file_->Strings("string")),
              HasSubstr("is a string, expected an array of strings"));
  EXPECT_THAT(MessageOf(file_->Strings("absent")), HasSubstr("is absent"));
}

TEST_F(GgufTest, FloatArrays) {
  ASSERT_TRUE(file_.ok());
  EXPECT_THAT(file_->Floats("floats").value(), ElementsAre(1.5f, -2.0f));
  EXPECT_THAT(file_->Floats("doubles").value(), ElementsAre(0.25f));
  EXPECT_THAT(MessageOf(file_->Floats("strings")),
              HasSubstr("an array of 3 strings, expected an array of floats"));
}

template <typename T>
void ExpectWidened() {
  constexpr T kLow = std::numeric_limits<T>::min();
  constexpr T kHigh = std::numeric_limits<T>::max();
  const auto bytes = GgufBuilder().Array<T>("k", {kLow, 1, kHigh}).Build();
  const auto file = GgufFile::Parse(bytes, "m.gguf");
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_THAT(file->Integers("k").value(),
              ElementsAre(static_cast<std::int64_t>(kLow), 1,
                          static_cast<std::int64_t>(kHigh)));
}

TEST_F(GgufTest, IntegerArraysOfAnyWidth) {
  ExpectWidened<std::uint8_t>();
  ExpectWidened<std::int8_t>();
  ExpectWidened<std::uint16_t>();
  ExpectWidened<std::int16_t>();
  ExpectWidened<std::uint32_t>();
  ExpectWidened<std::int32_t>();
  ExpectWidened<std::int64_t>();
  ASSERT_TRUE(file_.ok());
  EXPECT_THAT(MessageOf(file_->Integers("floats")),
              HasSubstr("an array of 2 floats, expected an array of integers"));
  EXPECT_THAT(MessageOf(file_->Integers("bools")), HasSubstr("2 bools"));
}

TEST_F(GgufTest, IntegerArrayBeyondSignedRange) {
  const auto bytes = GgufBuilder()
                         .Array<std::uint64_t>("k", {5, std::uint64_t{1} << 63})
                         .Build();
  const auto file = GgufFile::Parse(bytes, "m.gguf");
  ASSERT_TRUE(file.ok());
  EXPECT_THAT(MessageOf(file->Integers("k")),
              HasSubstr("key k is 9223372036854775808 at index 1"));
}

TEST_F(GgufTest, FindsTensorsByName) {
  ASSERT_TRUE(file_.ok());
  const GgufTensor* q = file_->FindTensor("q");
  ASSERT_NE(q, nullptr);
  EXPECT_EQ(q->dtype, DType::kQ8_0);
  EXPECT_THAT(q->shape, ElementsAre(3, 32));
  EXPECT_EQ(q->data.size(), 102u);
  EXPECT_EQ(file_->FindTensor("z"), nullptr);
  EXPECT_EQ(file_->tensors().size(), 2u);
}

TEST_F(GgufTest, HeaderIsAllBeforeTheData) {
  ASSERT_TRUE(file_.ok());
  EXPECT_EQ(file_->headers().front().data(), bytes_.data());
  EXPECT_EQ(file_->headers().front().data() + file_->headers().front().size(),
            file_->FindTensor("x")->data.data());
}

TEST_F(GgufTest, OpenMapsAFileAndViewsSurviveAMove) {
  const testutil::TempDir dir;
  const std::string path = dir / "m.gguf";
  testutil::WriteFileBytes(path, bytes_);
  auto opened = GgufFile::Open(path);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  const GgufFile moved = std::move(*opened);
  EXPECT_EQ(moved.name(), path);
  EXPECT_EQ(moved.String("string").value(), "text");
  EXPECT_THAT(moved.Strings("strings").value(), ElementsAre("a", "", "bc"));
  ASSERT_NE(moved.FindTensor("x"), nullptr);
  EXPECT_EQ(moved.FindTensor("x")->data.size(), 8u);
}

TEST_F(GgufTest, OpenRefusesWhatIsNoFile) {
  const testutil::TempDir dir;
  EXPECT_THAT(MessageOf(GgufFile::Open(dir / "none.gguf")),
              HasSubstr("none.gguf: no such file"));
  EXPECT_THAT(MessageOf(GgufFile::Open(dir.path())), HasSubstr("is a folder"));
  testutil::WriteFileBytes(dir / "empty.gguf", {});
  EXPECT_THAT(MessageOf(GgufFile::Open(dir / "empty.gguf")),
              HasSubstr("magic needs 4 bytes at offset 0"));
}

// Written by llama.cpp's converter; counts as gguf-py reads them.
TEST(GgufDefaultModelTest, HeaderIsReadWhole) {
  if (!testutil::HasDefaultModel()) GTEST_SKIP() << "no default model";
  const auto file = GgufFile::Open(testutil::DefaultModelPath());
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(file->values().size(), 33u);
  EXPECT_EQ(file->tensors().size(), 272u);
  EXPECT_EQ(file->headers().front().size(), 1785664u);
  EXPECT_EQ(file->String("general.architecture").value(), "llama");
  EXPECT_EQ(file->Unsigned("llama.block_count").value(), 30u);
  EXPECT_EQ(file->Strings("tokenizer.ggml.tokens")->size(), 49152u);
  EXPECT_EQ(file->Strings("tokenizer.ggml.merges")->size(), 48900u);
  EXPECT_EQ(file->Integers("tokenizer.ggml.token_type")->size(), 49152u);
  const GgufTensor* embedding = file->FindTensor("token_embd.weight");
  ASSERT_NE(embedding, nullptr);
  EXPECT_EQ(embedding->dtype, DType::kQ8_0);
  EXPECT_THAT(embedding->shape, ElementsAre(49152, 576));
}

}  // namespace
}  // namespace pellucid
