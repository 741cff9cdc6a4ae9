// A tensor of numbers from a file of them: what edits, steering vectors and
// noise are kept in.
#ifndef PELLUCID_MODEL_STORED_TENSOR_H_
#define PELLUCID_MODEL_STORED_TENSOR_H_

#include <string>
#include <string_view>

#include "pellucid/result.h"
#include "pellucid/tensor.h"

namespace pellucid {

// The tensor `name` of the .safetensors file at `path`, decoded to float32.
// `operation` opens messages. kModel: a damaged file, no such tensor (with the
// names that there are), a dtype that holds no such numbers.
Result<Tensor> ReadStoredTensor(std::string_view operation,
                                const std::string& path,
                                const std::string& name);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_STORED_TENSOR_H_
