// The plain loops of formats that are rarer, or newer, than those of
// kernels/reference/decode.cc: ggml's of 2 and 3 bits and with tables, floats
// of 4, 8 and 64 bits, and the elements that MLX packs.
#ifndef PELLUCID_KERNELS_REFERENCE_LOW_BIT_H_
#define PELLUCID_KERNELS_REFERENCE_LOW_BIT_H_

#include "base/dtype.h"
#include "kernels/reference/block_bytes.h"

namespace pellucid::kernels::reference {

// Of MLX's dtypes the elements themselves, without a scale.
Element LowBitElementOf(DType dtype);

}  // namespace pellucid::kernels::reference

#endif  // PELLUCID_KERNELS_REFERENCE_LOW_BIT_H_
