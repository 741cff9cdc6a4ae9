// How 16-bit integers lie in memory in two planes of 8 bits: what quantising
// them and multiplying them share. Private to kernels/integer_product.h, which
// says what they are for.
#ifndef PELLUCID_KERNELS_INTEGER_LAYOUT_H_
#define PELLUCID_KERNELS_INTEGER_LAYOUT_H_

#include <cstddef>
#include <cstdint>

namespace pellucid::kernels {

// A group is 16 rows of either operand; for each step of 64 terms it holds a
// tile of the high bytes and one of the low bytes: the shape of the processor's
// tile registers. Missing rows and terms are 0.
inline constexpr std::size_t kGroupRows = 16;
inline constexpr std::size_t kTileTerms = 64;
inline constexpr std::size_t kTileBytes = kGroupRows * kTileTerms;
inline constexpr std::size_t kStepBytes = 2 * kTileBytes;  // high, then low

// Of the weights, four terms of each row lie side by side.
inline constexpr std::size_t kQuad = 4;

constexpr std::size_t GroupsOf(std::size_t rows) {
  return (rows + kGroupRows - 1) / kGroupRows;
}
constexpr std::size_t TileStepsOf(std::size_t k) {
  return (k + kTileTerms - 1) / kTileTerms;
}
constexpr std::size_t GroupBytes(std::size_t k) {
  return TileStepsOf(k) * kStepBytes;
}

// Where term k of row r lies in the high tiles of a group of activations, and
// of weights.
constexpr std::size_t PlaceInStrip(std::size_t r, std::size_t k) {
  return k / kTileTerms * kStepBytes + r * kTileTerms + k % kTileTerms;
}
constexpr std::size_t PlaceInPanel(std::size_t r, std::size_t k) {
  const std::size_t quad = k % kTileTerms / kQuad;
  return k / kTileTerms * kStepBytes + quad * kGroupRows * kQuad + r * kQuad +
         k % kQuad;
}

// The greatest integer, 127 * 256 + 127: both bytes are signed.
inline constexpr float kMaxInteger = 32639;

// Sums of products of two bytes, as many as this, fit 32 bits.
inline constexpr std::size_t kMaxIntegerTerms = 65535;

// The greatest terms of a row of activations stay floats, and their integers
// are 0: one term may be 20 times the root of their mean square, and would make
// multiples of all others coarse (the default model's logits are off by 1.2e-3
// with none of them, 4.6e-4 with two, 3.9e-4 with many).
inline constexpr std::size_t kOutliers = 2;
struct Outlier {
  float value = 0;
  std::uint32_t term = 0;
};

// Quantised rows: groups, one after another, and a scale a row; of activations
// also kOutliers a row.
struct IntegerOperand {
  const std::int8_t* groups = nullptr;
  const float* scales = nullptr;  // as many as the groups have rows
  const Outlier* outliers = nullptr;
};

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_INTEGER_LAYOUT_H_
