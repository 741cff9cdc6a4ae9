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

// Scales that lie in tensors beside the elements, as MLX stores them: element k
// of a row has entry k / elements of that row's scales. Its value is scale *
// element + bias, or, where there are no biases, element * scale.
struct GroupScales {
  std::size_t elements = 0;           // that share a scale; 0: there are none
  DType dtype = DType::kF32;          // of scales and biases
  const std::byte* scales = nullptr;  // rows as those of the matrix
  const std::byte* biases = nullptr;  // the same, or null
  std::size_t row_bytes = 0;          // from one row of scales to the next
  float factor = 1;  // on every scale, where there are no biases
};

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
  // Only with rows as they lie in the file, and whole groups of cols.
  GroupScales groups = {};

  bool empty() const { return data == nullptr; }
  bool HasGroups() const { return groups.elements != 0; }
  // The row of the file that is row r.
  std::size_t StoredRow(std::size_t r) const {
    assert(r < rows);
    return row_order.empty() ? r : row_order[r];
  }
  // The bytes of row r, which a transposed matrix has in no one place.
  const std::byte* Row(std::size_t r) const {
    assert(!transposed);
    return data + StoredRow(r) * row_bytes;
  }
  // Where the scales and biases of row r begin; null where there are none.
  const std::byte* ScalesOfRow(std::size_t r) const {
    return Beside(groups.scales, r);
  }
  const std::byte* BiasesOfRow(std::size_t r) const {
    return Beside(groups.biases, r);
  }

  // Rows [begin, begin + count): a part of a fused matrix.
  WeightView Rows(std::size_t begin, std::size_t count) const {
    assert(begin <= rows && count <= rows - begin);
    WeightView part = *this;
    part.rows = count;
    if (!row_order.empty()) {
      part.row_order = row_order.subspan(begin, count);
    } else if (transposed) {
      part.data += RowBytes(dtype, begin);
    } else {
      part.data += begin * row_bytes;
      if (part.groups.scales != nullptr) {
        part.groups.scales += begin * groups.row_bytes;
      }
      if (part.groups.biases != nullptr) {
        part.groups.biases += begin * groups.row_bytes;
      }
    }
    return part;
  }

 private:
  const std::byte* Beside(const std::byte* tensor, std::size_t r) const {
    assert(!transposed);
    return tensor == nullptr ? nullptr
                             : tensor + StoredRow(r) * groups.row_bytes;
  }
};

}  // namespace pellucid

#endif  // PELLUCID_BASE_MATRIX_H_
