#include "kernels/reference/rope.h"

#include <cmath>

namespace pellucid::kernels::reference {

namespace {

// `sign` of the sines: -1 rotates back.
void Rotate(const RopeTable& table, std::size_t first_row, std::size_t head_dim,
            float sign, MatrixView x) {
  for (std::size_t t = 0; t < x.rows; ++t) {
    for (std::size_t head = 0; head < x.cols; head += head_dim) {
      for (std::size_t i = 0; i < table.half; ++i) {
        const std::size_t at = (first_row + t) * table.half + i;
        const float c = table.cos[at], s = sign * table.sin[at];
        const bool halves = table.pairs == RopePairs::kHalves;
        float& low = x.Row(t)[head + (halves ? i : 2 * i)];
        float& high = x.Row(t)[head + (halves ? table.half + i : 2 * i + 1)];
        const float a = low, b = high;
        low = std::fma(a, c, -(b * s));
        high = std::fma(b, c, a * s);
      }
    }
  }
}

}  // namespace

void ApplyRope(const RopeTable& table, std::size_t first_row,
               std::size_t head_dim, MatrixView x) {
  Rotate(table, first_row, head_dim, 1, x);
}

void ApplyRopeAdjoint(const RopeTable& table, std::size_t first_row,
                      std::size_t head_dim, MatrixView x) {
  Rotate(table, first_row, head_dim, -1, x);
}

}  // namespace pellucid::kernels::reference
