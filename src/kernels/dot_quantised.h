// Dots of a few rows of activations with quantised or narrow weights: what a
// step of generation does, and a short prompt. With so few activation rows the
// time goes into decoding; here decoded elements go from registers into the
// multiply-adds, where kernels/decode.h and kernels/dot_tile.h would store and
// load them in between.
//
// Each dot is in the canonical order (kernels/canonical.h), of elements decoded
// with the roundings of their format.
#ifndef PELLUCID_KERNELS_DOT_QUANTISED_H_
#define PELLUCID_KERNELS_DOT_QUANTISED_H_

#include <cstddef>

#include "base/matrix.h"

namespace pellucid::kernels {

// The most rows of x.
inline constexpr std::size_t kMaxDotQuantisedRows = 8;

// Whether DotQuantised takes `w`: of a common quantised or narrow dtype, not
// transposed, and of whole steps of kPartials columns.
bool CanDotQuantised(const WeightView& w);

// The most rows of x with which it is faster than by way of DecodeRows or
// DecodePanel. Six with AVX2: Q4_1 rows of 576 take 25 to 30% less time with
// one row of x, 12% less with five, 4% less with six, 5% more with eight (Zen
// 3). Eight with AVX-512, where seven take 22% less, eight 8%, ten as much; but
// of formats that have no code of their own for so many six.
// CanDotQuantised(w).
std::size_t MostDotQuantisedRows(const WeightView& w);

// All dots of x [M, K], M <= kMaxDotQuantisedRows, with rows [begin, begin +
// out.cols) of w [N, K], in the model's order: out [M, out.cols]. One thread;
// decodes each weight once. Fastest for out.cols of 64 or more: it fetches
// ahead within a call only.
void DotQuantised(ConstMatrixView x, const WeightView& w, std::size_t begin,
                  MatrixView out);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_DOT_QUANTISED_H_
