// Random numbers that are the same bits on every machine, and that can be drawn
// in any order: a function of seed and place, without state.
#ifndef PELLUCID_BASE_RANDOM_H_
#define PELLUCID_BASE_RANDOM_H_

#include <array>
#include <cstdint>

namespace pellucid {

// Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy
// as 1, 2, 3" (2011).
std::array<std::uint32_t, 4> Philox(std::array<std::uint32_t, 4> counter,
                                    std::uint64_t key);

// The two halves of what Philox gives, as numbers in (0, 1): the middles of
// 2^52 intervals.
std::array<double, 2> PhiloxUniform(std::array<std::uint32_t, 4> counter,
                                    std::uint64_t key);

// The number below which a normal number (mean 0, standard deviation 1) is with
// probability `p` in (0, 1). Wichura, "Algorithm AS 241" (1988): 1e-16 of its
// value. With a logarithm of our own, so that no libm is underneath.
double NormalQuantile(double p);

}  // namespace pellucid

#endif  // PELLUCID_BASE_RANDOM_H_
