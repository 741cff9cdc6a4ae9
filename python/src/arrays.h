// Numbers of the library as NumPy arrays that own them, and back.
//
// An array takes a vector's memory over, so that nothing is copied and it
// outlives the model, the result and the trace that it came from.
#ifndef PELLUCID_PYTHON_SRC_ARRAYS_H_
#define PELLUCID_PYTHON_SRC_ARRAYS_H_

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "pellucid/tensor.h"
#include "pellucid/tokenizer.h"

namespace pellucid::python {

namespace nb = nanobind;

using FloatArray = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;

// An array of `shape` in the memory of `values`.
template <typename T>
nb::object Own(std::vector<T> values, std::vector<std::size_t> shape) {
  if (values.empty()) values.reserve(1);  // lest its memory be nowhere
  auto kept = std::make_unique<std::vector<T>>(std::move(values));
  T* data = kept->data();
  const nb::capsule owner(kept.get(), [](void* p) noexcept {
    delete static_cast<std::vector<T>*>(p);
  });
  static_cast<void>(kept.release());
  return nb::cast(
      nb::ndarray<nb::numpy, T>(data, shape.size(), shape.data(), owner));
}

inline nb::object Own(Tensor tensor) {
  std::vector<std::size_t> shape = std::move(tensor.shape);
  return Own(std::move(tensor.data), std::move(shape));
}

// A copy.
Tensor TensorOf(const FloatArray& array);

}  // namespace pellucid::python

#endif  // PELLUCID_PYTHON_SRC_ARRAYS_H_
