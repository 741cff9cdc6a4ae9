// Memory for the time of a call, from what the thread used before: fresh pages
// cost more to touch than most kernels take to fill them.
#ifndef PELLUCID_BASE_SCRATCH_H_
#define PELLUCID_BASE_SCRATCH_H_

#include <cstddef>

#include "base/buffer.h"

namespace pellucid {

// Floats, not initialised, aligned to 64 bytes. A thread keeps the few it used
// last, up to kMaxKeptFloats each, until it ends.
class Scratch {
 public:
  static constexpr std::size_t kMaxKeptFloats = std::size_t{4} << 20;

  Scratch() = default;
  explicit Scratch(std::size_t floats);
  ~Scratch();
  Scratch(Scratch&& other) noexcept;
  Scratch& operator=(Scratch&& other) noexcept;

  float* data() { return buffer_.view().data; }
  const float* data() const { return buffer_.view().data; }

  // [rows, cols] at the beginning, each row aligned to 64 bytes and an odd
  // number of cache lines after the last, lest all of them lie in a few sets
  // of a cache. Takes RowFloats(cols) * rows floats.
  MatrixView Rows(std::size_t rows, std::size_t cols) {
    return {data(), rows, cols, RowFloats(cols)};
  }
  static constexpr std::size_t RowFloats(std::size_t cols) {
    constexpr std::size_t kLine = 64 / sizeof(float);
    return ((cols + kLine - 1) / kLine | 1) * kLine;
  }

 private:
  void Release();

  Buffer buffer_;
};

}  // namespace pellucid

#endif  // PELLUCID_BASE_SCRATCH_H_
