// Values are read through whole files, so that offsets are those a user sees.
#include "formats/gguf_values.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "formats/gguf_parser.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/gguf_builder.h"

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

std::string ErrorOf(const GgufBuilder& builder) {
  const Bytes bytes = builder.Build();
  const auto contents = ParseGguf(bytes, "m.gguf");
  if (contents.ok()) return "no error";
  EXPECT_EQ(contents.error().code, ErrorCode::kModel);
  EXPECT_THAT(contents.error().message, StartsWith("open: m.gguf: "));
  EXPECT_EQ(contents.error().message.find('\n'), std::string::npos);
  return contents.error().message;
}

TEST(GgufValuesTest, KeyLengths) {
  EXPECT_THAT(
      ErrorOf(GgufBuilder().String("", "v")),
      HasSubstr("key at offset 24 has 0 bytes, allowed are 1 to 65535"));
  EXPECT_EQ(ErrorOf(GgufBuilder().Bool(std::string(65535, 'k'), true)),
            "no error");
  EXPECT_THAT(ErrorOf(GgufBuilder().Bool(std::string(65536, 'k'), true)),
              HasSubstr("has 65536 bytes"));
}

TEST(GgufValuesTest, DuplicateKey) {
  EXPECT_THAT(
      ErrorOf(GgufBuilder().Bool("twin", true).Bool("twin", true)),
      AllOf(HasSubstr("key twin at offset 41"), HasSubstr("there twice")));
}

TEST(GgufValuesTest, ValueTypes) {
  EXPECT_THAT(ErrorOf(GgufBuilder().RawKey("k", 13, Bytes(8))),
              HasSubstr("key k: value type 13 is unknown"));
  EXPECT_THAT(ErrorOf(GgufBuilder().RawKey("k", -1, Bytes(8))),
              HasSubstr("key k: value type -1 is unknown"));
  const Bytes element = Concat({BytesOf(std::int32_t{13}), Bytes(8)});
  EXPECT_THAT(ErrorOf(GgufBuilder().RawKey("k", 9, element)),
              HasSubstr("key k: array element type 13 is unknown"));
}

TEST(GgufValuesTest, NestedArrays) {
  const Bytes nested =
      Concat({BytesOf(std::int32_t{9}), BytesOf(std::uint64_t{1}),
              BytesOf(std::int32_t{0}), BytesOf(std::uint64_t{0})});
  EXPECT_THAT(ErrorOf(GgufBuilder().RawKey("k", 9, nested)),
              HasSubstr("key k: arrays of arrays are not supported"));
}

TEST(GgufValuesTest, Bools) {
  EXPECT_THAT(ErrorOf(GgufBuilder().RawKey("k", 7, BytesOf(std::uint8_t{2}))),
              HasSubstr("key k: bool is 2, neither 0 nor 1"));
  const Bytes array =
      Concat({BytesOf(std::int32_t{7}), BytesOf(std::uint64_t{2}),
              BytesOf(std::uint8_t{1}), BytesOf(std::uint8_t{255})});
  EXPECT_THAT(ErrorOf(GgufBuilder().RawKey("k", 9, array)),
              HasSubstr("key k: bool is 255, neither 0 nor 1"));
}

TEST(GgufValuesTest, ArrayCountsAreHeldAgainstWhatRemains) {
  for (const std::int32_t type : {0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12}) {
    for (const std::uint64_t count :
         {std::uint64_t{17}, std::uint64_t{1} << 61, ~std::uint64_t{0}}) {
      const Bytes array = Concat({BytesOf(type), BytesOf(count), Bytes(16)});
      EXPECT_THAT(ErrorOf(GgufBuilder().RawKey("k", 9, array)),
                  HasSubstr(std::to_string(count) +
                            " elements at offset 49 does not fit into the 16 "
                            "bytes left"))
          << "type=" << type;
    }
  }
}

TEST(GgufValuesTest, StringLengths) {
  for (const std::uint64_t length :
       {std::uint64_t{4}, std::uint64_t{1} << 31, ~std::uint64_t{0}}) {
    const Bytes text = Concat({BytesOf(length), Bytes(3)});
    EXPECT_THAT(ErrorOf(GgufBuilder().RawKey("k", 8, text)),
                HasSubstr("value of key k needs " + std::to_string(length) +
                          " bytes at offset 45, but the file has 3 left"));
  }
  const Bytes texts =
      Concat({BytesOf(std::int32_t{8}), BytesOf(std::uint64_t{2}),
              GgufString("ok"), BytesOf(~std::uint64_t{0}), Bytes(8)});
  EXPECT_THAT(ErrorOf(GgufBuilder().RawKey("k", 9, texts)),
              HasSubstr("array of key k needs 18446744073709551615 bytes"));
}

TEST(GgufValuesTest, StringsNeedNotBeUtf8) {
  const Bytes bytes = GgufBuilder().Strings("k", {"\xff\xfe", ""}).Build();
  const auto contents = ParseGguf(bytes, "m.gguf");
  ASSERT_TRUE(contents.ok()) << contents.error().message;
  const auto& array = std::get<GgufArray>(contents->values.at("k"));
  EXPECT_THAT(array.strings, ElementsAre("\xff\xfe", ""));
}

}  // namespace
}  // namespace pellucid
