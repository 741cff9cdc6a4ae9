// Test data that is the same on every platform (no std:: distribution).
// A seed in the call makes each failure repeatable.
#ifndef PELLUCID_TESTS_TESTUTIL_NOISE_H_
#define PELLUCID_TESTS_TESTUTIL_NOISE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pellucid::testutil {

// SplitMix64 (Steele, Lea & Flood 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next();
  // Uniform in [0, bound), bound >= 1; its bias of bound / 2^64 is no matter.
  std::uint64_t Below(std::uint64_t bound) { return Next() % bound; }
  // Uniform in [-1, 1), a multiple of 2^-23.
  float Uniform();

 private:
  std::uint64_t state_;
};

// `count` draws of Random(seed).Uniform().
std::vector<float> Noise(std::size_t count, std::uint64_t seed);

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_NOISE_H_
