#include "formats/byte_reader.h"

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/gguf_builder.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::BytesOf;
using testutil::Concat;
using testutil::GgufString;
using testutil::TextBytes;

TEST(ByteReaderTest, ReadsLittleEndianNumbersAtAnyOffset) {
  std::vector<std::byte> bytes{std::byte{0xff}};
  for (int i = 1; i <= 8; ++i) bytes.push_back(static_cast<std::byte>(i));
  ByteReader reader(bytes, "f");
  EXPECT_EQ(reader.Read<std::int8_t>("a").value(), -1);
  EXPECT_EQ(reader.Read<std::uint32_t>("b").value(), 0x04030201u);
  EXPECT_EQ(reader.Read<std::int16_t>("c").value(), 0x0605);
  EXPECT_EQ(reader.offset(), 7u);
  EXPECT_EQ(reader.remaining(), 2u);
}

TEST(ByteReaderTest, ShortReadNamesItemOffsetAndSizesAndStaysInPlace) {
  const auto bytes = TextBytes("abcde");
  ByteReader reader(bytes, "m.gguf");
  ASSERT_TRUE(reader.Bytes(2, "head").ok());
  const auto number = reader.Read<std::uint32_t>({"value of key", "a\nb"});
  ASSERT_FALSE(number.ok());
  EXPECT_EQ(number.error().code, ErrorCode::kModel);
  EXPECT_EQ(number.error().message,
            "open: m.gguf: value of key a<0x0A>b needs 4 bytes at offset 2, "
            "but the file has 3 left; it is cut short or damaged, fetch it "
            "again");
  EXPECT_EQ(reader.offset(), 2u);
  EXPECT_EQ(reader.Text(3, "rest").value(), "cde");
  EXPECT_EQ(reader.remaining(), 0u);
  EXPECT_TRUE(reader.Bytes(0, "nothing").ok());
  EXPECT_FALSE(reader.Read<std::uint8_t>("more").ok());
}

TEST(ByteReaderTest, LengthNearTheLimitOfTheTypeDoesNotWrap) {
  const auto bytes = TextBytes("abcdefgh");
  ByteReader reader(bytes, "f");
  ASSERT_TRUE(reader.Read<std::uint8_t>("first").ok());
  for (const std::uint64_t count :
       {std::numeric_limits<std::uint64_t>::max(),
        std::numeric_limits<std::uint64_t>::max() - 1, std::uint64_t{1} << 63,
        std::uint64_t{8}}) {
    EXPECT_FALSE(reader.Bytes(count, "x").ok()) << count;
    EXPECT_FALSE(reader.Text(count, "x").ok()) << count;
  }
  EXPECT_TRUE(reader.Bytes(7, "x").ok());
}

TEST(ByteReaderTest, LengthAndTextReadsBothOrNeither) {
  const auto bytes = Concat(
      {GgufString("key"), BytesOf(std::uint64_t{9}), TextBytes("short")});
  ByteReader reader(bytes, "f");
  EXPECT_EQ(reader.LengthAndText("key").value(), "key");
  const std::size_t before = reader.offset();
  const auto text = reader.LengthAndText("text");
  ASSERT_FALSE(text.ok());
  EXPECT_THAT(text.error().message,
              HasSubstr("text needs 9 bytes at offset 19"));
  EXPECT_EQ(reader.offset(), before);
}

TEST(ByteReaderTest, EmptyInput) {
  ByteReader reader({}, "f");
  EXPECT_EQ(reader.remaining(), 0u);
  EXPECT_FALSE(reader.Read<std::uint8_t>("x").ok());
  EXPECT_FALSE(reader.LengthAndText("x").ok());
  EXPECT_EQ(reader.Text(0, "x").value(), "");
}

TEST(ByteReaderTest, TryLengthAndTextReadsWhatFitsAndNothingElse) {
  const auto bytes = Concat({GgufString("abc"), GgufString("")});
  ByteReader reader(bytes, "f");
  std::string_view text;
  ASSERT_TRUE(reader.TryLengthAndText(&text));
  EXPECT_EQ(text, "abc");
  ASSERT_TRUE(reader.TryLengthAndText(&text));
  EXPECT_EQ(text, "");
  EXPECT_FALSE(reader.TryLengthAndText(&text));  // nothing left
  for (const std::uint64_t length :
       {std::uint64_t{4}, std::numeric_limits<std::uint64_t>::max()}) {
    const auto cut = Concat({BytesOf(length), TextBytes("abc")});
    ByteReader short_reader(cut, "f");
    EXPECT_FALSE(short_reader.TryLengthAndText(&text));
    EXPECT_EQ(short_reader.offset(), 0u);
  }
}

}  // namespace
}  // namespace pellucid
