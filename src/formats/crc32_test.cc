#include "formats/crc32.h"

#include <vector>

#include "base/byte_sink.h"
#include "gtest/gtest.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

// One bit at a time: the definition.
std::uint32_t Slow(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const std::byte byte : bytes) {
    crc ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xedb88320 : crc >> 1;
    }
  }
  return ~crc;
}

TEST(Crc32Test, CheckValue) {
  EXPECT_EQ(Crc32(AsBytes("123456789")), 0xcbf43926u);
  EXPECT_EQ(Crc32({}), 0u);
}

TEST(Crc32Test, EveryLengthAndEveryCut) {
  std::vector<std::byte> bytes(40);
  testutil::Random random(1);
  for (std::byte& b : bytes) b = static_cast<std::byte>(random.Below(256));
  for (std::size_t n = 0; n <= bytes.size(); ++n) {
    const auto head = std::span<const std::byte>(bytes).first(n);
    EXPECT_EQ(Crc32(head), Slow(head)) << "n=" << n;
    const auto tail = std::span<const std::byte>(bytes).subspan(n);
    EXPECT_EQ(Crc32(tail, Crc32(head)), Slow(bytes)) << "n=" << n;
  }
}

}  // namespace
}  // namespace pellucid
