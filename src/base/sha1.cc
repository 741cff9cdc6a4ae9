#include "base/sha1.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace pellucid {
namespace {

std::uint32_t LoadBigEndian(const std::byte* from) {
  std::uint32_t word = 0;
  for (int i = 0; i < 4; ++i) {
    word = word << 8 | std::to_integer<std::uint32_t>(from[i]);
  }
  return word;
}

// The function and the constant of round `t` (sections 4.1.1 and 4.2.1).
std::uint32_t Mix(std::size_t t, std::uint32_t x, std::uint32_t y,
                  std::uint32_t z) {
  if (t < 20) return ((x & y) ^ (~x & z)) + 0x5a827999;
  if (t < 40) return (x ^ y ^ z) + 0x6ed9eba1;
  if (t < 60) return ((x & y) ^ (x & z) ^ (y & z)) + 0x8f1bbcdc;
  return (x ^ y ^ z) + 0xca62c1d6;
}

}  // namespace

// Section 6.1.2, in its names.
void Sha1::Compress(const std::byte* block) {
  std::array<std::uint32_t, 80> w;
  for (std::size_t t = 0; t < 16; ++t) w[t] = LoadBigEndian(block + 4 * t);
  for (std::size_t t = 16; t < w.size(); ++t) {
    w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
  }
  auto [a, b, c, d, e] = state_;
  for (std::size_t t = 0; t < w.size(); ++t) {
    const std::uint32_t next = std::rotl(a, 5) + Mix(t, b, c, d) + e + w[t];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  const std::array<std::uint32_t, 5> sums = {a, b, c, d, e};
  for (std::size_t i = 0; i < sums.size(); ++i) state_[i] += sums[i];
}

void Sha1::Update(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t held = total_ % kBlockBytes;
    const std::size_t taken = std::min(kBlockBytes - held, bytes.size());
    std::copy_n(bytes.begin(), taken,
                pending_.begin() + static_cast<std::ptrdiff_t>(held));
    total_ += taken;
    bytes = bytes.subspan(taken);
    if (held + taken == kBlockBytes) Compress(pending_.data());
  }
}

// The message ends with a one bit, zeros, and its length in bits.
Sha1::Digest Sha1::Finish() {
  const std::uint64_t bits = total_ * 8;
  const std::size_t held = total_ % kBlockBytes;
  std::array<std::byte, 2 * kBlockBytes> padding{std::byte{0x80}};
  const std::size_t zeros = (held < 56 ? 56 : 120) - held;
  for (std::size_t i = 0; i < 8; ++i) {
    padding[zeros + i] = static_cast<std::byte>(bits >> (56 - 8 * i));
  }
  Update(std::span(padding).first(zeros + 8));
  Digest digest;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
  }
  return digest;
}

std::string HexOf(const Sha1::Digest& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const std::uint8_t byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

}  // namespace pellucid
