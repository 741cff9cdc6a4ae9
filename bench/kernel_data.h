// Operands and counters that the benchmarks of kernels share: any numbers of a
// moderate size, since no kernel's time depends on them, and rates beside what
// the machine can do at best (bench/machine.h).
#ifndef PELLUCID_BENCH_KERNEL_DATA_H_
#define PELLUCID_BENCH_KERNEL_DATA_H_

#include <benchmark/benchmark.h>

#include <cstddef>
#include <vector>

#include "base/matrix.h"
#include "hwy/aligned_allocator.h"

namespace pellucid::bench {

// Numbers between -1 and 1, [count], aligned to a cache line as the engine's
// buffers are.
class Values {
 public:
  explicit Values(std::size_t count, float scale = 1);

  float* data() { return values_.get(); }
  std::span<float> all() { return {values_.get(), count_}; }
  // As [rows, count / rows].
  MatrixView Rows(std::size_t rows) {
    return {values_.get(), rows, count_ / rows};
  }

 private:
  std::size_t count_;
  hwy::AlignedFreeUniquePtr<float[]> values_;
};

// A weight matrix [rows, cols] whose blocks are any bytes with moderate
// scales. `transposed`: lies as [cols, rows].
struct Weights {
  Weights(DType dtype, std::size_t rows, std::size_t cols,
          bool transposed = false);

  std::vector<std::byte> bytes;
  std::vector<std::byte> beside;  // scales of MLX's dtypes
  WeightView view;
};

// GFLOP/s, and as "share" that of the multiply-add peak of so many threads.
// `flops`: of one iteration.
void ReportFlops(benchmark::State& state, double flops, std::size_t threads);

// GB/s, and as "share" that of the read bandwidth of memory: more than 1 where
// the operands stay in a cache. `bytes`: of one iteration.
void ReportBytes(benchmark::State& state, double bytes, std::size_t threads);

}  // namespace pellucid::bench

#endif  // PELLUCID_BENCH_KERNEL_DATA_H_
