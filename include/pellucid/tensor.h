// pellucid/tensor.h - an owning, row-major float32 array.
//
// Activations come out of the library in these: plain values that may outlive
// the model. Weights, which stay in the mapped file, never do.
#ifndef PELLUCID_TENSOR_H_
#define PELLUCID_TENSOR_H_

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace pellucid {

// Values of one activation, e.g. of shape [tokens, d_model]. A plain value:
// copying copies the data.
struct Tensor {
  std::vector<std::size_t> shape;  // outermost dimension first
  std::vector<float> data;         // as many as the product of `shape`, the
                                   // last dimension fastest

  // Empty, or zeros of the shape `dims`, whose product the caller bounds.
  Tensor() = default;
  explicit Tensor(std::vector<std::size_t> dims) : shape(std::move(dims)) {
    std::size_t elements = 1;
    for (const std::size_t dim : shape) elements *= dim;
    data.resize(elements);
  }

  // Elements behind one index of the first dimension; 0 for an empty shape.
  std::size_t RowSize() const {
    return shape.empty() || shape[0] == 0 ? 0 : data.size() / shape[0];
  }

  // View of index `i` of the first dimension, [RowSize()]; requires i <
  // shape[0]. Lives as long as the tensor is neither changed nor destroyed.
  std::span<const float> Row(std::size_t i) const {
    return std::span<const float>(data).subspan(i * RowSize(), RowSize());
  }
  std::span<float> Row(std::size_t i) {
    return std::span<float>(data).subspan(i * RowSize(), RowSize());
  }
};

}  // namespace pellucid

#endif  // PELLUCID_TENSOR_H_
