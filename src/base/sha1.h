// SHA-1 (FIPS 180-4): what git calls a file by, and so the hub. It tells a
// download that went wrong from one that did not; against someone who means
// harm it is no help, and nothing here relies on it for that. Plain rounds:
// files that are named so are small.
#ifndef PELLUCID_BASE_SHA1_H_
#define PELLUCID_BASE_SHA1_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace pellucid {

class Sha1 {
 public:
  using Digest = std::array<std::uint8_t, 20>;

  // Appends `bytes` to the message, which stays below 2^61 bytes.
  void Update(std::span<const std::byte> bytes);

  // The digest of all bytes so far. Called once, last.
  Digest Finish();

 private:
  static constexpr std::size_t kBlockBytes = 64;
  void Compress(const std::byte* block);

  // The first words are those of the standard, section 5.3.1.
  std::array<std::uint32_t, 5> state_ = {0x67452301, 0xefcdab89, 0x98badcfe,
                                         0x10325476, 0xc3d2e1f0};
  std::array<std::byte, kBlockBytes> pending_;  // bytes of an unfinished block
  std::uint64_t total_ = 0;                     // bytes of the message
};

// 40 lower-case hexadecimal digits.
std::string HexOf(const Sha1::Digest& digest);

}  // namespace pellucid

#endif  // PELLUCID_BASE_SHA1_H_
