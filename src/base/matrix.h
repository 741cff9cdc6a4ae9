// Views of matrices: float activations, and weights as they lie in a file.
// Views own nothing and are passed by value; what they point at must outlive
// the call they are passed to.
#ifndef PELLUCID_BASE_MATRIX_H_
#define PELLUCID_BASE_MATRIX_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "base/dtype.h"

namespace pellucid {

// Activations [rows, cols], rows `stride` floats apart (stride >= cols).
template <typename Float>
struct MatrixViewT {
  Float* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t stride = 0;

  MatrixViewT() = default;
  MatrixViewT(Float* d, std::size_t r, std::size_t c)
      : data(d), rows(r), cols(c), stride(c) {}
  MatrixViewT(Float* d, std::size_t r, std::size_t c, std::size_t s)
      : data(d), rows(r), cols(c), stride(s) {
    assert(s >= c);
  }
  // A mutable view reads as a constant one.
  operator MatrixViewT<const Float>() const requires(!std::is_const_v<Float>) {
    return {data, rows, cols, stride};
  }

  Float* Row(std::size_t r) const {
    assert(r < rows);
    return data + r * stride;
  }
  std::span<Float> RowSpan(std::size_t r) const { return {Row(r), cols}; }
  // Rows [begin, begin + count).
  MatrixViewT Rows(std::size_t begin, std::size_t count) const {
    assert(begin + count <= rows);
    return {data + begin * stride, count, cols, stride};
  }
};

using MatrixView = MatrixViewT<float>;
using ConstMatrixView = MatrixViewT<const float>;

// A weight matrix [rows, cols] in a file: row r lies at data + r * row_bytes,
// read along cols. Any alignment. `row_order` is empty, or maps the rows as
// the model counts them to those of the file (llama.cpp stores q and k rows
// permuted): row r of the model is row row_order[r] of the file.
//
// `transposed`: the file holds the matrix as [cols, rows], as GPT-2's Conv1D
// does: element (r, c) lies at data + c * row_bytes + r * element size. Only
// for dtypes of one element a block, and without row_order; kernels::DecodeRows
// reads both layouts.
struct WeightView {
  DType dtype = DType::kF32;
  const std::byte* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t row_bytes = 0;  // from one row of the file to the next
  std::span<const std::uint32_t> row_order;
  bool transposed = false;

  bool empty() const { return data == nullptr; }
  // The bytes of row r, which a transposed matrix has in no one place.
  const std::byte* Row(std::size_t r) const {
    assert(r < rows && !transposed);
    return data + (row_order.empty() ? r : row_order[r]) * row_bytes;
  }
};

}  // namespace pellucid

#endif  // PELLUCID_BASE_MATRIX_H_
