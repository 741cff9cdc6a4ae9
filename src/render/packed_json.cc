#include "render/packed_json.h"

#include <algorithm>
#include <bit>
#include <string_view>
#include <vector>

namespace pellucid::render {
namespace {

// The whole project reads model files in place, which are little-endian.
static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void Write(JsonWriter& json, std::string_view type,
           std::span<const std::byte> bytes) {
  json.BeginObject();
  json.Key(type);
  json.String(Base64(bytes));
  json.EndObject();
}

}  // namespace

std::string Base64(std::span<const std::byte> bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t word = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      word = word << 8;
      if (j < count) word |= std::to_integer<std::uint32_t>(bytes[i + j]);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += j <= count ? kDigits[(word >> (18 - 6 * j)) & 63] : '=';
    }
  }
  return out;
}

void WritePacked(JsonWriter& json, std::span<const float> values) {
  Write(json, "f32", std::as_bytes(values));
}

void WritePacked(JsonWriter& json, std::span<const std::uint8_t> values) {
  Write(json, "u8", std::as_bytes(values));
}

void WritePacked(JsonWriter& json, std::span<const std::uint32_t> values) {
  constexpr std::uint32_t kMost16 = 0xffff;
  if (std::ranges::any_of(values, [](auto v) { return v > kMost16; })) {
    Write(json, "u32", std::as_bytes(values));
    return;
  }
  std::vector<std::uint16_t> narrow(values.size());
  std::ranges::transform(values, narrow.begin(), [](std::uint32_t value) {
    return static_cast<std::uint16_t>(value);
  });
  Write(json, "u16", std::as_bytes(std::span(narrow)));
}

}  // namespace pellucid::render
