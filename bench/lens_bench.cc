// The reduction of logits to the statistics of a lens.
#include <benchmark/benchmark.h>

#include <vector>

#include "bench/kernel_data.h"
#include "kernels/lens_reduce.h"
#include "kernels/lens_tally.h"

namespace pellucid::bench {
namespace {

// A tile of 31 cells by 64 logits with the fold of its sums; compare with the
// dots of such a tile, BM_DotTile/31/64/576.
void BM_ReduceLensBlock(benchmark::State& state) {
  constexpr std::size_t kCells = 31, kCount = 64;
  Values logits(kCells * kCount, /*scale=*/10);
  std::vector<kernels::LensBlock> blocks(kCells);
  std::vector<kernels::LensSums> sums(kCells);
  for (auto _ : state) {
    kernels::ReduceLensBlock(logits.Rows(kCells), blocks);
    for (std::size_t i = 0; i < kCells; ++i) sums[i].Fold(blocks[i].sums);
    benchmark::ClobberMemory();
  }
  state.counters["ns/cell"] = benchmark::Counter(
      kCells * 1e-9 * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_ReduceLensBlock);

// The same, cells together, as the lens does it.
void BM_LensTally(benchmark::State& state) {
  constexpr std::size_t kCells = 31, kCount = 64;
  Values logits(kCells * kCount, /*scale=*/10);
  kernels::LensTally tally(kCells);
  std::vector<float> greatest(kCells);
  for (auto _ : state) {
    tally.Add(logits.Rows(kCells), 0, greatest);
    benchmark::ClobberMemory();
  }
  state.counters["ns/cell"] = benchmark::Counter(
      kCells * 1e-9 * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_LensTally);

void BM_GreaterMask(benchmark::State& state) {
  Values logits(64);
  float value = 0.5f;
  for (auto _ : state) {
    benchmark::DoNotOptimize(value);
    benchmark::DoNotOptimize(kernels::GreaterMask(logits.all(), value));
  }
}
BENCHMARK(BM_GreaterMask);

}  // namespace
}  // namespace pellucid::bench
