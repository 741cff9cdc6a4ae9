// The product of quantised rows on AMX, Intel's registers of 16 rows of 64
// bytes (Xeons from 2023 on): 16 by 16 sums of 64 products of bytes every 16
// cycles, 32 times the rate of AVX-512's float32 multiply-adds.
#ifndef PELLUCID_KERNELS_INTEGER_TILES_H_
#define PELLUCID_KERNELS_INTEGER_TILES_H_

#include <cstddef>

#include "base/matrix.h"
#include "kernels/integer_layout.h"

namespace pellucid::kernels {

// Whether processor and system have AMX for bytes. The first call asks the
// system for it, for the whole process.
bool HasTileRegisters();

// As kernels/reference/integer_product.h's Multiply. Only where there are tile
// registers, and AVX-512 beside them. One thread.
void MultiplyTiles(IntegerOperand x, IntegerOperand w, std::size_t k,
                   MatrixView out);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_INTEGER_TILES_H_
