// An owning matrix of floats for intermediate values.
// Unlike a vector it is not cleared: what a pass writes whole needs no zeros.
#ifndef PELLUCID_BASE_BUFFER_H_
#define PELLUCID_BASE_BUFFER_H_

#include <cstddef>
#include <memory>

#include "base/matrix.h"

namespace pellucid {

// [rows, cols], not initialised: pages that nobody writes cost nothing.
class Buffer {
 public:
  Buffer() = default;
  Buffer(std::size_t rows, std::size_t cols)
      : data_(std::make_unique_for_overwrite<float[]>(rows * cols)),
        rows_(rows),
        cols_(cols) {}

  MatrixView view() { return {data_.get(), rows_, cols_}; }
  ConstMatrixView view() const { return {data_.get(), rows_, cols_}; }

 private:
  std::unique_ptr<float[]> data_;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
};

}  // namespace pellucid

#endif  // PELLUCID_BASE_BUFFER_H_
