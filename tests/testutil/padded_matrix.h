// A matrix of noise whose rows lie apart, with a value between them that shows
// up in results if it is read, and in comparisons if it is overwritten.
#ifndef PELLUCID_TESTS_TESTUTIL_PADDED_MATRIX_H_
#define PELLUCID_TESTS_TESTUTIL_PADDED_MATRIX_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/matrix.h"
#include "testutil/noise.h"

namespace pellucid::testutil {

struct PaddedMatrix {
  PaddedMatrix(std::size_t r, std::size_t c, std::uint64_t seed)
      : values(r * (c + kGap), kBetween), rows(r), cols(c) {
    const std::vector<float> noise = Noise(r * c, seed);
    for (std::size_t i = 0; i < noise.size(); ++i) {
      values[i / c * (c + kGap) + i % c] = noise[i];
    }
  }
  MatrixView View() { return {values.data(), rows, cols, cols + kGap}; }

  static constexpr std::size_t kGap = 3;
  static constexpr float kBetween = 1e30f;
  std::vector<float> values;  // all of it, for comparisons
  std::size_t rows, cols;
};

// A matrix of floats as a file holds them.
inline WeightView FloatRows(ConstMatrixView w) {
  return {.dtype = DType::kF32,
          .data = reinterpret_cast<const std::byte*>(w.data),
          .rows = w.rows,
          .cols = w.cols,
          .row_bytes = w.stride * sizeof(float),
          .row_order = {}};
}

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_PADDED_MATRIX_H_
