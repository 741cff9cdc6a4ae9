// The plain loops that kernels/decode.h is judged by, written from the block
// layouts of the formats (ggml's scalar order), one element at a time.
#ifndef PELLUCID_KERNELS_REFERENCE_DECODE_H_
#define PELLUCID_KERNELS_REFERENCE_DECODE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/dtype.h"
#include "base/matrix.h"

namespace pellucid::kernels::reference {

// Exact; a signalling NaN becomes quiet, as the processors' conversions do.
float HalfToFloat(std::uint16_t bits);

// As kernels::DecodeRow; of MLX's dtypes the elements as they are, unscaled.
void DecodeRow(DType dtype, const std::byte* row, std::span<float> out);
void DecodeRow(const WeightView& w, std::size_t r, std::span<float> out);

// As kernels::DecodeRows, in both layouts.
void DecodeRows(const WeightView& w, std::size_t begin, MatrixView out);

}  // namespace pellucid::kernels::reference

#endif  // PELLUCID_KERNELS_REFERENCE_DECODE_H_
