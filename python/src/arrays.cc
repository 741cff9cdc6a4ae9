#include "arrays.h"

#include <algorithm>

namespace pellucid::python {

Tensor TensorOf(const FloatArray& array) {
  Tensor tensor;
  for (std::size_t i = 0; i < array.ndim(); ++i) {
    tensor.shape.push_back(array.shape(i));
  }
  tensor.data.assign(array.data(), array.data() + array.size());
  return tensor;
}

}  // namespace pellucid::python
