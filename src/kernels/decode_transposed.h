// Rows of a matrix that its file holds transposed (WeightView::transposed), to
// float32: a copy that turns small tiles around in registers, so that the rows
// of the file are read, and those of `out` written, several elements at a time.
// Exact, as kernels/decode.h is, of which this is a part.
#ifndef PELLUCID_KERNELS_DECODE_TRANSPOSED_H_
#define PELLUCID_KERNELS_DECODE_TRANSPOSED_H_

#include <cstddef>

#include "base/matrix.h"

namespace pellucid::kernels {

// Rows [begin, begin + out.rows) of `w` into `out` [rows, w.cols]. w is
// transposed, of one element a block (fastest: F32, F16, BF16), at any
// alignment. Touches out.rows elements of every row of the file: with fewer
// than 16, cache lines are read in part.
void DecodeTransposedRows(const WeightView& w, std::size_t begin,
                          MatrixView out);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_DECODE_TRANSPOSED_H_
