// Parts of a weight matrix as products read them: some of its columns, or rows
// as floats where they lie.
#ifndef PELLUCID_KERNELS_WEIGHT_PART_H_
#define PELLUCID_KERNELS_WEIGHT_PART_H_

#include <cstddef>

#include "base/matrix.h"

namespace pellucid::kernels {

// Columns [begin, begin + count) of w, whole blocks of its dtype; not of one
// with scales beside its elements, which go with whole rows.
WeightView ColumnsOf(const WeightView& w, std::size_t begin, std::size_t count);

// Rows [begin, begin + count) of `w` as floats in place, where the file holds
// just that; else empty.
ConstMatrixView RowsInPlace(const WeightView& w, std::size_t begin,
                            std::size_t count);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_WEIGHT_PART_H_
