// Quantised and narrow rows to float32, exactly as the formats define them:
// each multiplication and addition rounded on its own, in the stated order
// (formats as in ggml's scalar reference, and as MLX decodes to float32). Every
// instruction set gives the same bits.
#ifndef PELLUCID_KERNELS_DECODE_H_
#define PELLUCID_KERNELS_DECODE_H_

#include <cstddef>
#include <span>

#include "base/dtype.h"
#include "base/matrix.h"

namespace pellucid::kernels {

// Decodes out.size() elements, a multiple of the dtype's block_elements, from
// `row` (any alignment). Not of MLX's dtypes, whose scales lie elsewhere.
void DecodeRow(DType dtype, const std::byte* row, std::span<float> out);

// Row r of `w` to out [w.cols], whatever its layout, order and scales.
void DecodeRow(const WeightView& w, std::size_t r, std::span<float> out);

// Decodes rows [begin, begin + out.rows) of `w` into `out` [rows, w.cols], in
// whichever layout and order the file has them.
void DecodeRows(const WeightView& w, std::size_t begin, MatrixView out);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_DECODE_H_
