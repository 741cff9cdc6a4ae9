#include "kernels/reference/linear_adjoint.h"

#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/reference/decode.h"

namespace pellucid::kernels::reference {
namespace {

void Multiply(const LinearCotangent& product, MatrixView dx) {
  const auto& [w, dy] = product;
  std::vector<float> row(w.cols), block(dx.rows * dx.cols);
  for (std::size_t m = 0; m < dx.rows; ++m) {
    for (float& sum : dx.RowSpan(m)) sum = 0;
  }
  for (std::size_t n = 0; n < w.rows; ++n) {
    DecodeRows(w, n, {row.data(), 1, row.size()});
    for (std::size_t m = 0; m < dx.rows; ++m) {
      float* part = block.data() + m * dx.cols;
      for (std::size_t k = 0; k < dx.cols; ++k) {
        part[k] = std::fma(dy.Row(m)[n], row[k], part[k]);
      }
    }
    if ((n + 1) % kAdjointBlock != 0 && n + 1 != w.rows) continue;
    for (std::size_t m = 0; m < dx.rows; ++m) {
      for (std::size_t k = 0; k < dx.cols; ++k) {
        dx.Row(m)[k] += block[m * dx.cols + k];
        block[m * dx.cols + k] = 0;
      }
    }
  }
}

}  // namespace

void LinearAdjoint(std::span<const LinearCotangent> products, MatrixView dx) {
  Multiply(products.front(), dx);
  std::vector<float> more(dx.rows * dx.cols);
  for (const LinearCotangent& product : products.subspan(1)) {
    Multiply(product, {more.data(), dx.rows, dx.cols});
    for (std::size_t m = 0; m < dx.rows; ++m) {
      for (std::size_t k = 0; k < dx.cols; ++k) {
        dx.Row(m)[k] += more[m * dx.cols + k];
      }
    }
  }
}

}  // namespace pellucid::kernels::reference
