// Each rule of the format is broken once; the message must say which, and name
// the key or tensor. Layout: gguf.h.
#include "formats/gguf_parser.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/gguf_builder.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testutil::BytesOf;
using testutil::Concat;
using testutil::GgufBuilder;
using testutil::GgufString;
using Bytes = GgufBuilder::Bytes;

std::string ErrorOf(const Bytes& bytes) {
  const auto contents = ParseGguf(bytes, "m.gguf");
  if (contents.ok()) return "no error";
  EXPECT_EQ(contents.error().code, ErrorCode::kModel);
  EXPECT_THAT(contents.error().message, StartsWith("open: m.gguf: "));
  EXPECT_EQ(contents.error().message.find('\n'), std::string::npos);
  return contents.error().message;
}

std::string ErrorOf(const GgufBuilder& builder) {
  return ErrorOf(builder.Build());
}

GgufBuilder TwoTensors() {
  return GgufBuilder()
      .String("general.architecture", "llama")
      .Strings("tokens", {"a", "bc"})
      .Floats("x", {2, 3}, {1, 2, 3, 4, 5, 6})
      .Floats("y", {1}, {7});
}

TEST(GgufParserTest, ReadsShapesOutermostFirstAndDataInPlace) {
  const Bytes bytes = TwoTensors().Build();
  const auto contents = ParseGguf(bytes, "m.gguf");
  ASSERT_TRUE(contents.ok()) << contents.error().message;
  ASSERT_EQ(contents->tensors.size(), 2u);
  const GgufTensor& x = contents->tensors[0];
  EXPECT_EQ(x.name, "x");
  EXPECT_EQ(x.dtype, DType::kF32);
  EXPECT_THAT(x.shape, ElementsAre(2, 3));
  EXPECT_EQ(x.data.data(), bytes.data() + contents->header_bytes);
  EXPECT_EQ(x.data.size(), 24u);
  const GgufTensor& y = contents->tensors[1];
  EXPECT_EQ(y.data.data() - x.data.data(), 32);  // padded to the alignment
  EXPECT_EQ(y.data.data() + 4, bytes.data() + bytes.size());
  EXPECT_EQ(contents->header_bytes % 32, 0u);
}

TEST(GgufParserTest, VersionTwoIsReadToo) {
  EXPECT_EQ(ErrorOf(TwoTensors().Version(2)), "no error");
}

TEST(GgufParserTest, WithoutTensorsTheHeaderIsTheFile) {
  const Bytes bytes = GgufBuilder().String("a", "b").Build();
  const auto contents = ParseGguf(bytes, "m.gguf");
  ASSERT_TRUE(contents.ok()) << contents.error().message;
  EXPECT_EQ(contents->header_bytes, bytes.size());
}

TEST(GgufParserTest, EveryPrefixOfAFileIsRefused) {
  const Bytes bytes = TwoTensors().Build();
  ASSERT_EQ(ErrorOf(bytes), "no error");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // A copy of its own size, so that a read past the end is caught.
    const Bytes prefix(bytes.begin(),
                       bytes.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_NE(ErrorOf(prefix), "no error") << "size=" << size;
  }
}

TEST(GgufParserTest, BytesAfterTheLastTensorAreFine) {
  Bytes bytes = TwoTensors().Build();
  bytes.resize(bytes.size() + 77);
  EXPECT_EQ(ErrorOf(bytes), "no error");
}

TEST(GgufParserTest, EverySingleByteChangeIsReadOrRefused) {
  const Bytes bytes = TwoTensors().Build();
  testutil::Random random(1);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int draw = 0; draw < 8; ++draw) {
      Bytes changed = bytes;
      changed[i] = static_cast<std::byte>(random.Below(256));
      ErrorOf(changed);  // whatever it says, it must not crash
    }
  }
}

TEST(GgufParserTest, Magic) {
  EXPECT_THAT(ErrorOf(TwoTensors().Magic("GGML")),
              HasSubstr("begins with \"GGML\", not with \"GGUF\""));
}

TEST(GgufParserTest, Versions) {
  EXPECT_THAT(ErrorOf(TwoTensors().Version(1)),
              HasSubstr("GGUF version 1, supported are 2 and 3"));
  EXPECT_THAT(ErrorOf(TwoTensors().Version(4)), HasSubstr("GGUF version 4"));
  EXPECT_THAT(ErrorOf(TwoTensors().Version(0)), HasSubstr("GGUF version 0"));
  EXPECT_THAT(ErrorOf(TwoTensors().Version(3u << 24)), HasSubstr("big-endian"));
}

TEST(GgufParserTest, Counts) {
  EXPECT_THAT(ErrorOf(TwoTensors().TensorCount(-1)),
              HasSubstr("tensor count is -1"));
  EXPECT_THAT(ErrorOf(TwoTensors().KeyCount(-2)), HasSubstr("key count is -2"));
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_THAT(ErrorOf(TwoTensors().TensorCount(kMost)),
              HasSubstr("tensor count is 9223372036854775807, but the"));
  EXPECT_THAT(ErrorOf(TwoTensors().KeyCount(kMost)),
              HasSubstr("key count is 9223372036854775807, but the"));
  // One more than there are: the bytes that follow are read as what they are
  // not, and refused.
  EXPECT_NE(ErrorOf(TwoTensors().TensorCount(3)), "no error");
  EXPECT_NE(ErrorOf(TwoTensors().KeyCount(3)), "no error");
}

TEST(GgufParserTest, Dimensions) {
  EXPECT_EQ(ErrorOf(GgufBuilder().Floats("t", {1, 1, 1, 2}, {1, 2})),
            "no error");
  EXPECT_EQ(ErrorOf(GgufBuilder().Floats("t", {}, {1})), "no error");
  EXPECT_THAT(ErrorOf(GgufBuilder().Floats("t", {1, 1, 1, 1, 1}, {1})),
              HasSubstr("tensor t has 5 dimensions, at most 4"));
  EXPECT_THAT(
      ErrorOf(GgufBuilder().RawTensor({.name = "t", .n_dims = 4294967295u})),
      HasSubstr("tensor t has 4294967295 dimensions"));
  EXPECT_THAT(ErrorOf(GgufBuilder().RawTensor({.name = "t", .ne = {4, 0}})),
              HasSubstr("tensor t: dimension 0 is 0, it must be positive"));
  EXPECT_THAT(ErrorOf(GgufBuilder().RawTensor({.name = "t", .ne = {-4}})),
              HasSubstr("tensor t: dimension 0 is -4"));
}

TEST(GgufParserTest, SizesThatOverflow) {
  constexpr std::int64_t kBig = std::int64_t{1} << 32;
  EXPECT_THAT(
      ErrorOf(GgufBuilder().RawTensor({.name = "t", .ne = {kBig, kBig}})),
      HasSubstr("size of shape [4294967296, 4294967296] overflows"));
  // The number of elements fits, the number of bytes does not.
  EXPECT_THAT(ErrorOf(GgufBuilder().RawTensor(
                  {.name = "t", .ne = {std::int64_t{1} << 62}})),
              HasSubstr("overflows 64 bits"));
  // No overflow, just absurd.
  EXPECT_THAT(ErrorOf(GgufBuilder().RawTensor(
                  {.name = "t", .ne = {std::int64_t{1} << 61}})),
              HasSubstr("lie beyond its 0 bytes"));
}

TEST(GgufParserTest, TensorNames) {
  EXPECT_EQ(ErrorOf(GgufBuilder().Floats(std::string(63, 't'), {1}, {1})),
            "no error");
  EXPECT_THAT(ErrorOf(GgufBuilder().Floats(std::string(64, 't'), {1}, {1})),
              HasSubstr("name at offset 24 has 64 bytes, at most 63"));
  EXPECT_THAT(
      ErrorOf(GgufBuilder().Floats("twin", {1}, {1}).Floats("twin", {1}, {1})),
      HasSubstr("tensor twin is there twice"));
}

TEST(GgufParserTest, UnsupportedTensorTypesAreNamed) {
  const auto error = [](std::int32_t type) {
    return ErrorOf(GgufBuilder().RawTensor(
        {.name = "blk.0.ffn_up.weight", .ne = {256}, .type = type}));
  };
  EXPECT_THAT(error(16), HasSubstr("unsupported tensor type IQ2_XXS (16) of "
                                   "blk.0.ffn_up.weight"));
  EXPECT_THAT(error(29), HasSubstr("unsupported tensor type IQ1_M (29)"));
  EXPECT_THAT(error(42), HasSubstr("unsupported tensor type Q2_0 (42)"));
  for (const std::int32_t type : {4, 5, 31, 38, 43, 133, -1, 1 << 30}) {
    EXPECT_THAT(error(type), HasSubstr("unsupported tensor type unknown (" +
                                       std::to_string(type) + ")"));
  }
}

TEST(GgufParserTest, EverySupportedTypeIsSizedInWholeBlocks) {
  for (int i = 0; i <= static_cast<int>(DType::kNVFP4); ++i) {
    const auto dtype = static_cast<DType>(i);
    if (testutil::GgmlId(dtype) < 0) continue;  // F8 is no type of ggml
    const DTypeInfo& info = InfoOf(dtype);
    SCOPED_TRACE(info.name);
    const Bytes data(6 * info.block_bytes);
    const Bytes bytes =
        GgufBuilder()
            .Tensor("t", dtype, {3, 2 * info.block_elements}, data)
            .Build();
    const auto contents = ParseGguf(bytes, "m.gguf");
    ASSERT_TRUE(contents.ok()) << contents.error().message;
    EXPECT_EQ(contents->tensors[0].dtype, dtype);
    EXPECT_EQ(contents->tensors[0].data.size(), data.size());
    if (info.block_elements == 1) continue;
    EXPECT_THAT(ErrorOf(GgufBuilder().Tensor(
                    "t", dtype, {2, 3 * info.block_elements / 2}, data)),
                HasSubstr("are not whole blocks of"));
  }
}

TEST(GgufParserTest, OffsetsMustBeAligned) {
  EXPECT_THAT(ErrorOf(GgufBuilder().RawTensor(
                  {.name = "t", .ne = {1}, .offset = 16, .data = Bytes(4)})),
              HasSubstr("tensor t: offset 16 is no multiple of the alignment "
                        "32"));
  EXPECT_EQ(ErrorOf(GgufBuilder().Alignment(16).RawTensor(
                {.name = "t", .ne = {1}, .offset = 16, .data = Bytes(4)})),
            "no error");
}

TEST(GgufParserTest, DataMustLieInside) {
  for (const std::uint64_t offset :
       {std::uint64_t{32}, std::uint64_t{1} << 40, ~std::uint64_t{31}}) {
    GgufBuilder builder;
    builder.Floats("fits", {1}, {1})
        .RawTensor({.name = "t", .ne = {1}, .offset = offset});
    EXPECT_THAT(
        ErrorOf(builder),
        HasSubstr("tensor t: 4 bytes at offset " + std::to_string(offset) +
                  " of the data lie beyond its 4 bytes"));
  }
}

TEST(GgufParserTest, OverlapIsRefused) {
  GgufBuilder builder;
  builder.RawTensor({.name = "b", .ne = {1}, .offset = 32, .data = Bytes(4)})
      .RawTensor({.name = "a", .ne = {9}, .offset = 0, .data = Bytes(36)});
  EXPECT_THAT(ErrorOf(builder), HasSubstr("tensors a (36 bytes at offset 0) "
                                          "and b (offset 32) overlap"));
}

TEST(GgufParserTest, GapsAndAnyOrderAreAccepted) {
  GgufBuilder builder;
  builder.RawTensor({.name = "b", .ne = {1}, .offset = 96, .data = Bytes(4)})
      .RawTensor({.name = "a", .ne = {8}, .offset = 32, .data = Bytes(32)});
  EXPECT_EQ(ErrorOf(builder), "no error");
}

TEST(GgufParserTest, Alignment) {
  for (const std::uint32_t good : {1u, 8u, 64u, 4096u, 1u << 20}) {
    const Bytes bytes =
        GgufBuilder().Alignment(good).Floats("t", {1}, {1}).Build();
    const auto contents = ParseGguf(bytes, "m.gguf");
    ASSERT_TRUE(contents.ok()) << contents.error().message;
    EXPECT_EQ(contents->header_bytes % good, 0u);
  }
  for (const std::uint32_t bad : {0u, 3u, 33u, 1u << 21, 0xffffffffu}) {
    EXPECT_THAT(
        ErrorOf(GgufBuilder().Scalar<std::uint32_t>("general.alignment", bad)),
        HasSubstr("key general.alignment is " + std::to_string(bad) +
                  ", it must be a power of two up to 1048576"));
  }
  EXPECT_THAT(ErrorOf(GgufBuilder().String("general.alignment", "32")),
              HasSubstr("general.alignment is no unsigned integer"));
}

}  // namespace
}  // namespace pellucid
