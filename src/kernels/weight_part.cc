#include "kernels/weight_part.h"

#include <cassert>
#include <cstdint>

namespace pellucid::kernels {

WeightView ColumnsOf(const WeightView& w, std::size_t begin,
                     std::size_t count) {
  assert(!w.HasGroups() && begin + count <= w.cols);
  WeightView columns = w;
  columns.cols = count;
  columns.data += w.transposed ? begin * w.row_bytes : RowBytes(w.dtype, begin);
  return columns;
}

ConstMatrixView RowsInPlace(const WeightView& w, std::size_t begin,
                            std::size_t count) {
  const bool aligned =
      reinterpret_cast<std::uintptr_t>(w.data) % alignof(float) == 0 &&
      w.row_bytes % sizeof(float) == 0;
  const bool plain = !w.transposed && w.row_order.empty();
  if (w.dtype != DType::kF32 || !plain || !aligned) return {};
  return ConstMatrixView(reinterpret_cast<const float*>(w.data), w.rows, w.cols,
                         w.row_bytes / sizeof(float))
      .Rows(begin, count);
}

}  // namespace pellucid::kernels
