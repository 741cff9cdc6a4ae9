#include "kernels/reference/rope.h"

#include <cmath>

namespace pellucid::kernels::reference {

void ApplyRope(const RopeTable& table, std::size_t first_row,
               std::size_t head_dim, MatrixView x) {
  for (std::size_t t = 0; t < x.rows; ++t) {
    for (std::size_t head = 0; head < x.cols; head += head_dim) {
      for (std::size_t i = 0; i < table.half; ++i) {
        const std::size_t at = (first_row + t) * table.half + i;
        const float c = table.cos[at], s = table.sin[at];
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

}  // namespace pellucid::kernels::reference
