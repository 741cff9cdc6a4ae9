// Each rule of the format is broken once, in the order in which the reference
// implementation checks them.
#include "formats/safetensors.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/gguf_builder.h"
#include "testutil/golden.h"
#include "testutil/temp_dir.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using testutil::BytesOf;
using testutil::Concat;
using testutil::TextBytes;
using Bytes = std::vector<std::byte>;

Bytes FileOf(const std::string& json, std::size_t data_bytes) {
  return Concat({BytesOf(std::uint64_t{json.size()}), TextBytes(json),
                 Bytes(data_bytes)});
}

std::string Entry(const std::string& name, const std::string& dtype,
                  const std::string& shape, const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":[" + shape +
         "],\"data_offsets\":[" + offsets + "]}";
}

std::string ErrorOf(const Bytes& bytes) {
  const auto file = SafetensorsFile::Parse(bytes, "m.safetensors");
  if (file.ok()) return "no error";
  EXPECT_EQ(file.error().code, ErrorCode::kModel);
  EXPECT_THAT(file.error().message, StartsWith("open: m.safetensors: "));
  EXPECT_EQ(file.error().message.find('\n'), std::string::npos);
  return file.error().message;
}

// A file of one tensor "t".
std::string ErrorOf(const std::string& dtype, const std::string& shape,
                    const std::string& offsets, std::size_t data_bytes) {
  return ErrorOf(
      FileOf("{" + Entry("t", dtype, shape, offsets) + "}", data_bytes));
}

TEST(SafetensorsTest, ReadsTensorsInPlaceAtAnyAlignment) {
  for (const std::string padding : {"", " ", "  ", "   "}) {
    const std::string json = "{" + Entry("b", "F32", "2,1", "4,12") + "," +
                             Entry("a", "BF16", "2", "0,4") +
                             ",\"__metadata__\":{\"format\":\"pt\"}}" + padding;
    Bytes bytes = FileOf(json, 12);
    bytes[bytes.size() - 8] = std::byte{7};
    const auto file = SafetensorsFile::Parse(bytes, "f");
    ASSERT_TRUE(file.ok()) << file.error().message;
    ASSERT_EQ(file->tensors().size(), 2u);
    EXPECT_EQ(file->tensors()[0].name, "a");  // in the order of the data
    const SafetensorsTensor* b = file->Find("b");
    ASSERT_NE(b, nullptr);
    EXPECT_EQ(b->dtype, "F32");
    EXPECT_THAT(b->shape, ElementsAre(2, 1));
    EXPECT_EQ(b->data.size(), 8u);
    EXPECT_EQ(b->data.data() + 8, bytes.data() + bytes.size());
    EXPECT_EQ(b->data[0], std::byte{7});
    EXPECT_EQ(file->Find("c"), nullptr);
    EXPECT_EQ(file->metadata().at("format"), "pt");
    EXPECT_EQ(file->header().size(), json.size());
    EXPECT_EQ(file->header().data(), bytes.data() + 8);
  }
}

TEST(SafetensorsTest, ScalarsAndEmptyTensors) {
  const std::string json = "{" + Entry("scalar", "F32", "", "0,4") + "," +
                           Entry("none", "F32", "0,5", "4,4") + "," +
                           Entry("also", "F16", "3,0", "0,0") + "}";
  const Bytes bytes = FileOf(json, 4);
  const auto file = SafetensorsFile::Parse(bytes, "f");
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(file->Find("scalar")->data.size(), 4u);
  EXPECT_TRUE(file->Find("none")->data.empty());
  EXPECT_THAT(file->Find("also")->shape, ElementsAre(3, 0));
}

TEST(SafetensorsTest, NoTensors) {
  const Bytes bytes = FileOf("{}", 0);
  const auto file = SafetensorsFile::Parse(bytes, "f");
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_THAT(file->tensors(), IsEmpty());
}

TEST(SafetensorsTest, EveryPrefixOfAFileIsRefused) {
  const Bytes bytes = FileOf("{" + Entry("t", "F32", "2", "0,8") + "}", 8);
  ASSERT_EQ(ErrorOf(bytes), "no error");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Bytes prefix(bytes.begin(),
                       bytes.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_NE(ErrorOf(prefix), "no error") << "size=" << size;
  }
}

TEST(SafetensorsTest, Rule1LengthMustBeThere) {
  EXPECT_THAT(ErrorOf(Bytes(7)),
              HasSubstr("header length needs 8 bytes at offset 0, but the file "
                        "has 7 left"));
}

TEST(SafetensorsTest, Rule2HeaderIsBounded) {
  EXPECT_THAT(ErrorOf(BytesOf(std::uint64_t{100'000'001})),
              HasSubstr("header length 100000001 is above 100000000"));
  EXPECT_THAT(ErrorOf(BytesOf(~std::uint64_t{0})),
              HasSubstr("header length 18446744073709551615 is above"));
}

TEST(SafetensorsTest, Rule3HeaderLiesInside) {
  EXPECT_THAT(
      ErrorOf(Concat({BytesOf(std::uint64_t{3}), TextBytes("{}")})),
      HasSubstr("header needs 3 bytes at offset 8, but the file has 2"));
}

TEST(SafetensorsTest, Rule4HeaderIsJson) {
  EXPECT_THAT(ErrorOf(FileOf("{", 0)), HasSubstr("is no JSON"));
  EXPECT_THAT(ErrorOf(FileOf("", 0)),
              HasSubstr("header of 0 bytes is no JSON"));
}

TEST(SafetensorsTest, Rule5NoHolesNoOverlapsNoAliases) {
  const auto two = [](const std::string& first, const std::string& second) {
    return ErrorOf(FileOf("{" + Entry("a", "U8", "4", first) + "," +
                              Entry("b", "U8", "4", second) + "}",
                          8));
  };
  EXPECT_EQ(two("0,4", "4,8"), "no error");
  EXPECT_EQ(two("4,8", "0,4"), "no error");
  EXPECT_THAT(
      two("0,4", "5,9"),
      HasSubstr("tensor b: data_offsets [5, 9] do not follow the tensor "
                "before, which ends at 4"));
  EXPECT_THAT(two("0,4", "3,7"), HasSubstr("tensor b: data_offsets [3, 7]"));
  EXPECT_THAT(two("0,4", "0,4"), HasSubstr("tensor b: data_offsets [0, 4]"));
  EXPECT_THAT(ErrorOf("U8", "4", "1,5", 5), HasSubstr("which ends at 0"));
  EXPECT_THAT(ErrorOf("U8", "4", "0,18446744073709551615", 4),
              HasSubstr("U8 [4] takes 4 bytes"));
  const std::string backward = "{" + Entry("a", "U8", "4", "0,4") + "," +
                               Entry("b", "U8", "0", "4,0") + "}";
  EXPECT_THAT(ErrorOf(FileOf(backward, 4)),
              HasSubstr("tensor b: data_offsets [4, 0]"));
}

TEST(SafetensorsTest, Rule6SizesAgree) {
  EXPECT_THAT(ErrorOf("F32", "2,3", "0,20", 20),
              HasSubstr("tensor t: F32 [2, 3] takes 24 bytes, but its "
                        "data_offsets [0, 20] span 20"));
  EXPECT_THAT(ErrorOf("F32", "4294967296,4294967296", "0,4", 4),
              HasSubstr("the size of F32 [4294967296, 4294967296] overflows"));
  EXPECT_THAT(ErrorOf("F32", "4611686018427387904", "0,4", 4),
              HasSubstr("overflows 64 bits"));
  // Zero elements all the same: the reference multiplies in order too.
  EXPECT_THAT(ErrorOf("U8", "4294967296,4294967296,0", "0,0", 0),
              HasSubstr("overflows 64 bits"));
  EXPECT_THAT(ErrorOf("F4", "3", "0,2", 2),
              HasSubstr("F4 [3] does not fill whole bytes"));
  EXPECT_EQ(ErrorOf("F4", "4", "0,2", 2), "no error");
  EXPECT_EQ(ErrorOf("F6_E2M3", "4", "0,3", 3), "no error");
}

TEST(SafetensorsTest, Rule7DataEndsWithTheFile) {
  EXPECT_THAT(ErrorOf("F32", "2", "0,8", 7),
              HasSubstr("tensors take 8 bytes, but 7 follow the header"));
  EXPECT_THAT(ErrorOf("F32", "2", "0,8", 9),
              HasSubstr("tensors take 8 bytes, but 9 follow the header"));
  EXPECT_THAT(ErrorOf(FileOf("{}", 1)), HasSubstr("take 0 bytes, but 1"));
}

TEST(SafetensorsTest, DuplicateNames) {
  EXPECT_THAT(ErrorOf(FileOf("{" + Entry("t", "U8", "1", "0,1") + "," +
                                 Entry("t", "U8", "1", "1,2") + "}",
                             2)),
              HasSubstr("key \"t\" stands twice"));
}

TEST(SafetensorsTest, EveryDtypeIsSized) {
  const std::vector<std::pair<std::string, std::size_t>> types = {
      {"BOOL", 8},    {"F4", 4},          {"F6_E2M3", 6},     {"F6_E3M2", 6},
      {"U8", 8},      {"I8", 8},          {"F8_E5M2", 8},     {"F8_E4M3", 8},
      {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
      {"U16", 16},    {"F16", 16},        {"BF16", 16},       {"I32", 32},
      {"U32", 32},    {"F32", 32},        {"C64", 64},        {"F64", 64},
      {"I64", 64},    {"U64", 64}};
  for (const auto& [name, bits] : types) {
    EXPECT_EQ(ErrorOf(name, "8", "0," + std::to_string(bits), bits), "no error")
        << name;
  }
  EXPECT_THAT(ErrorOf("F31", "1", "0,4", 4),
              HasSubstr("tensor t: dtype F31 is unknown"));
}

TEST(SafetensorsTest, OtherDtypesAreRefusedWhenUsed) {
  const std::string json = "{" + Entry("a", "F32", "1", "0,4") + "," +
                           Entry("b", "F16", "1", "4,6") + "," +
                           Entry("c", "BF16", "1", "6,8") + "," +
                           Entry("d", "I64", "1", "8,16") + "," +
                           Entry("e", "F64", "1", "16,24") + "," +
                           Entry("f", "F8_E4M3", "1", "24,25") + "," +
                           Entry("g", "F8_E5M2", "1", "25,26") + "}";
  const Bytes bytes = FileOf(json, 26);
  const auto file = SafetensorsFile::Parse(bytes, "f");
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(file->WeightType(*file->Find("a")).value(), DType::kF32);
  EXPECT_EQ(file->WeightType(*file->Find("b")).value(), DType::kF16);
  EXPECT_EQ(file->WeightType(*file->Find("c")).value(), DType::kBF16);
  EXPECT_EQ(file->WeightType(*file->Find("e")).value(), DType::kF64);
  EXPECT_EQ(file->WeightType(*file->Find("f")).value(), DType::kF8E4M3);
  EXPECT_EQ(file->WeightType(*file->Find("g")).value(), DType::kF8E5M2);
  const auto refused = file->WeightType(*file->Find("d"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message,
            "open: f: unsupported dtype I64 of tensor d; use the model in F32, "
            "F16 or BF16");
}

// Written by the reference implementation.
TEST(SafetensorsTest, GoldenFile) {
  const auto golden = testutil::LoadGolden("smollm2/prompt_a.safetensors");
  ASSERT_TRUE(golden.ok()) << golden.error;
  EXPECT_EQ(golden.metadata.at("text"), "The capital of France is");
  EXPECT_THAT(golden.Ids(), ElementsAre(504, 3575, 282, 4649, 314));
  const Tensor& logits = golden.Get("logits");
  EXPECT_THAT(logits.shape, ElementsAre(1, 49152));
  EXPECT_NEAR(logits.data[7042], 17.371f, 0.0005f);  // " Paris", as printed
  const auto blocks = testutil::LoadGolden("dequant/blocks.safetensors");
  ASSERT_TRUE(blocks.ok()) << blocks.error;
  EXPECT_EQ(blocks.Bytes("BF16.bytes").size(), 3 * 320u);
  EXPECT_FALSE(testutil::LoadGolden("none.safetensors").ok());
}

TEST(SafetensorsTest, OpenMapsAFileAndViewsSurviveAMove) {
  const testutil::TempDir dir;
  const std::string path = dir / "m.safetensors";
  Bytes bytes = FileOf("{" + Entry("t", "U8", "3", "0,3") + "}", 3);
  bytes.back() = std::byte{9};
  testutil::WriteFileBytes(path, bytes);
  auto opened = SafetensorsFile::Open(path);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  const SafetensorsFile moved = std::move(*opened);
  EXPECT_EQ(moved.name(), path);
  ASSERT_NE(moved.Find("t"), nullptr);
  EXPECT_EQ(moved.Find("t")->data[2], std::byte{9});
  EXPECT_FALSE(SafetensorsFile::Open(dir / "none").ok());
}

}  // namespace
}  // namespace pellucid
