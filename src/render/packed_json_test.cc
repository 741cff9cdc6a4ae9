#include "render/packed_json.h"

#include <limits>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"

namespace pellucid::render {
namespace {

std::string Base64Of(std::string_view text) {
  return Base64(std::as_bytes(std::span(text.data(), text.size())));
}

// RFC 4648, section 10.
TEST(PackedJsonTest, Base64IsThatOfTheStandard) {
  EXPECT_EQ(Base64Of(""), "");
  EXPECT_EQ(Base64Of("f"), "Zg==");
  EXPECT_EQ(Base64Of("fo"), "Zm8=");
  EXPECT_EQ(Base64Of("foo"), "Zm9v");
  EXPECT_EQ(Base64Of("foob"), "Zm9vYg==");
  EXPECT_EQ(Base64Of("fooba"), "Zm9vYmE=");
  EXPECT_EQ(Base64Of("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64Of("\xff\xfe\xfd"), "//79");
}

template <typename T>
std::string Packed(const std::vector<T>& values) {
  std::string out;
  JsonWriter json(AppendTo(&out), JsonStyle::kCompact);
  WritePacked(json, std::span(values));
  json.Finish();
  return out;
}

TEST(PackedJsonTest, NumbersAreLittleEndianBytesUnderTheirType) {
  EXPECT_EQ(Packed<float>({1.0f, -2.5f}), "{\"f32\":\"AACAPwAAIMA=\"}\n");
  EXPECT_EQ(Packed<std::uint8_t>({0, 255, 16}), "{\"u8\":\"AP8Q\"}\n");
  EXPECT_EQ(Packed<std::uint32_t>({1, 65535}), "{\"u16\":\"AQD//w==\"}\n");
  EXPECT_EQ(Packed<std::uint32_t>({1, 65536}), "{\"u32\":\"AQAAAAAAAQA=\"}\n");
}

TEST(PackedJsonTest, NothingAndNanArePackedToo) {
  EXPECT_EQ(Packed<float>({}), "{\"f32\":\"\"}\n");
  EXPECT_EQ(Packed<std::uint32_t>({}), "{\"u16\":\"\"}\n");
  EXPECT_EQ(Packed<float>({std::numeric_limits<float>::quiet_NaN()}),
            "{\"f32\":\"AADAfw==\"}\n");
}

}  // namespace
}  // namespace pellucid::render
