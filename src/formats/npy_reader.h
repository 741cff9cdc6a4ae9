// Reads .npy arrays of floating-point numbers (numpy.lib.format, versions 1 to
// 3), as float32.
//
//   1. "\x93NUMPY", the version as two bytes
//   2. the header's length: u16 in version 1, u32 after
//   3. the header, a Python dict: {'descr': '<f4', 'fortran_order': False,
//      'shape': (3, 4), }
//   4. the elements
#ifndef PELLUCID_FORMATS_NPY_READER_H_
#define PELLUCID_FORMATS_NPY_READER_H_

#include <cstddef>
#include <span>
#include <string_view>

#include "pellucid/result.h"
#include "pellucid/tensor.h"

namespace pellucid {

// `bytes` as one array; `name` stands for it in messages. Elements are <f2, <f4
// or <f8, or the two bytes without a type ("|V2") that MLX writes for bfloat16;
// either order of elements. kModel: anything else, or bytes that are too few or
// too many.
Result<Tensor> ReadNpy(std::span<const std::byte> bytes, std::string_view name);

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_NPY_READER_H_
