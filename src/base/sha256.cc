#include "base/sha256.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>

namespace pellucid {
namespace {

// Fractional parts of the cube roots of the first 64 primes.
alignas(16) constexpr std::uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// Fractional parts of the square roots of the first 8 primes.
constexpr std::array<std::uint32_t, 8> kInitial = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

std::uint32_t LoadBigEndian(const std::byte* from) {
  std::uint32_t word;
  std::memcpy(&word, from, sizeof(word));
  return __builtin_bswap32(word);
}

#if defined(__x86_64__)
bool HasShaInstructions() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return false;
  constexpr unsigned kNeeded = (1u << 19) | (1u << 9);  // SSE4.1 and SSSE3
  if ((c & kNeeded) != kNeeded) return false;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  return (b & (1u << 29)) != 0;
}
#endif

}  // namespace

Sha256::Sha256(Rounds rounds) : compress_(CompressPlain), state_(kInitial) {
#if defined(__x86_64__)
  if (rounds == Rounds::kFastest && HasShaInstructions()) {
    compress_ = CompressSha;
  }
#else
  static_cast<void>(rounds);
#endif
}

// Section 6.2.2, in its names.
void Sha256::CompressPlain(State& state, const std::byte* blocks,
                           std::size_t count) {
  const auto rotate = [](std::uint32_t x, int n) { return std::rotr(x, n); };
  for (; count > 0; --count, blocks += kBlockBytes) {
    std::uint32_t w[64];
    for (std::size_t t = 0; t < 16; ++t) w[t] = LoadBigEndian(blocks + 4 * t);
    for (std::size_t t = 16; t < 64; ++t) {
      const std::uint32_t x = w[t - 15], y = w[t - 2];
      w[t] = w[t - 16] + (rotate(x, 7) ^ rotate(x, 18) ^ (x >> 3)) + w[t - 7] +
             (rotate(y, 17) ^ rotate(y, 19) ^ (y >> 10));
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (std::size_t t = 0; t < 64; ++t) {
      const std::uint32_t t1 = h +
                               (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
                               ((e & f) ^ (~e & g)) + kRound[t] + w[t];
      const std::uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
                               ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + t1;
      d = c;
      c = b;
      b = a;
      a = t1 + t2;
    }
    const State sums = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < sums.size(); ++i) state[i] += sums[i];
  }
}

#if defined(__x86_64__)
// The instructions hold the state as the vectors ABEF and CDGH (highest word
// first) and do two rounds each; four message words make a vector (Intel, "SHA
// Extensions", 2013).
__attribute__((target("sha,sse4.1,ssse3"))) void Sha256::CompressSha(
    State& state, const std::byte* blocks, std::size_t count) {
  const auto [a, b, c, d, e, f, g, h] = state;
  const auto vector = [](std::uint32_t high, std::uint32_t w2, std::uint32_t w1,
                         std::uint32_t low) __attribute__((target("sse4.1"))) {
    return _mm_set_epi32(static_cast<int>(high), static_cast<int>(w2),
                         static_cast<int>(w1), static_cast<int>(low));
  };
  __m128i abef = vector(a, b, e, f);
  __m128i cdgh = vector(c, d, g, h);
  const __m128i big_endian =
      _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  for (; count > 0; --count, blocks += kBlockBytes) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i w[4];  // the last 16 message words, oldest first
    for (std::size_t i = 0; i < 4; ++i) {
      w[i] = _mm_shuffle_epi8(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks) + i),
          big_endian);
    }
    for (std::size_t t = 0; t < 16; ++t) {
      const __m128i now = w[t % 4];
      const __m128i sum = _mm_add_epi32(
          now, _mm_load_si128(reinterpret_cast<const __m128i*>(kRound) + t));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
      if (t >= 12) continue;  // the words after the last are not needed
      const __m128i newest = w[(t + 3) % 4];
      const __m128i w9 = _mm_alignr_epi8(newest, w[(t + 2) % 4], 4);
      w[t % 4] = _mm_sha256msg2_epu32(
          _mm_add_epi32(_mm_sha256msg1_epu32(now, w[(t + 1) % 4]), w9), newest);
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  alignas(16) std::uint32_t feba[4], hgdc[4];
  _mm_store_si128(reinterpret_cast<__m128i*>(feba), abef);
  _mm_store_si128(reinterpret_cast<__m128i*>(hgdc), cdgh);
  state = {feba[3], feba[2], hgdc[3], hgdc[2],
           feba[1], feba[0], hgdc[1], hgdc[0]};
}
#endif

void Sha256::Update(std::span<const std::byte> bytes) {
  const std::size_t held = total_ % kBlockBytes;
  total_ += bytes.size();
  if (held > 0) {
    const std::size_t taken = std::min(kBlockBytes - held, bytes.size());
    std::copy_n(bytes.begin(), taken,
                pending_.begin() + static_cast<std::ptrdiff_t>(held));
    bytes = bytes.subspan(taken);
    if (held + taken < kBlockBytes) return;
    compress_(state_, pending_.data(), 1);
  }
  const std::size_t whole = bytes.size() / kBlockBytes;
  if (whole > 0) compress_(state_, bytes.data(), whole);
  bytes = bytes.subspan(whole * kBlockBytes);
  std::copy(bytes.begin(), bytes.end(), pending_.begin());
}

// The message ends with a one bit, zeros, and its length in bits.
Sha256::Digest Sha256::Finish() {
  const std::uint64_t bits = total_ * 8;
  std::array<std::byte, kBlockBytes> padding{std::byte{0x80}};
  const std::size_t held = total_ % kBlockBytes;
  const std::size_t zeros = (held < 56 ? 56 : 120) - held;
  Update(std::span(padding).first(zeros));
  const std::uint64_t length = __builtin_bswap64(bits);
  Update(std::as_bytes(std::span(&length, 1)));
  Digest digest;
  for (std::size_t i = 0; i < state_.size(); ++i) {
    const std::uint32_t word = __builtin_bswap32(state_[i]);
    std::memcpy(digest.data() + 4 * i, &word, sizeof(word));
  }
  return digest;
}

std::string HexOf(const Sha256::Digest& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const std::uint8_t byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

}  // namespace pellucid
