// Rates of the kernels on their own, beside the multiply-add peak of the same
// core at the same time. GFLOP/s count a multiply-add as two; "share" is of
// the peak times the threads. Inputs are warm; memory is allocated outside.
//
//   build/release/bin/kernels_bench --benchmark_filter=Linear
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/matrix.h"
#include "base/task_pool.h"
#include "bench/peak_fma.h"
#include "hwy/aligned_allocator.h"
#include "kernels/decode.h"
#include "kernels/isa.h"
#include "kernels/lens_reduce.h"
#include "kernels/linear.h"

namespace pellucid::bench {
namespace {

// Numbers between -1 and 1, aligned to a cache line as the engine's buffers
// are; only their size matters here.
hwy::AlignedFreeUniquePtr<float[]> Inputs(std::size_t count) {
  auto values = hwy::AllocateAligned<float>(count);
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    values[i] = static_cast<float>(state >> 8) * 0x1p-23f - 1.0f;
  }
  return values;
}

// Blocks of any bytes whose two first halves, the scales, are moderate.
struct Weights {
  Weights(DType dtype, std::size_t rows, std::size_t cols)
      : bytes(rows * RowBytes(dtype, cols)) {
    const DTypeInfo& info = InfoOf(dtype);
    std::uint32_t state = 1;
    for (std::byte& b : bytes) {
      state = state * 1664525u + 1013904223u;
      b = static_cast<std::byte>(state >> 24);
    }
    const std::uint16_t scales[2] = {0x2000, 0xa400};
    for (std::size_t at = 0; at < bytes.size(); at += info.block_bytes) {
      if (dtype == DType::kF32) {
        const float value = static_cast<float>(at % 1000) * 1e-3f;
        std::memcpy(&bytes[at], &value, sizeof(value));
      } else {
        std::memcpy(&bytes[at], scales, 2);
        if (dtype == DType::kQ4_1) std::memcpy(&bytes[at], scales, 4);
      }
    }
    view = {.dtype = dtype,
            .data = bytes.data(),
            .rows = rows,
            .cols = cols,
            .row_bytes = RowBytes(dtype, cols),
            .row_order = {}};
  }
  std::vector<std::byte> bytes;
  WeightView view;
};

void ReportFlops(benchmark::State& state, double flops, std::size_t threads) {
  const double total = flops * static_cast<double>(state.iterations());
  state.counters["GFLOP/s"] =
      benchmark::Counter(total * 1e-9, benchmark::Counter::kIsRate);
  const double peak = PeakFlops() * static_cast<double>(threads);
  state.counters["peak"] = peak * 1e-9;
  state.counters["share"] =
      benchmark::Counter(total / peak, benchmark::Counter::kIsRate);
}

void BM_Decode(benchmark::State& state, DType dtype) {
  const Weights w(dtype, 64, 768);
  std::vector<float> out(64 * 768);
  for (auto _ : state) {
    kernels::DecodeRows(w.view, 0, MatrixView(out.data(), 64, 768));
    benchmark::ClobberMemory();
  }
  state.counters["elements/s"] = benchmark::Counter(
      static_cast<double>(out.size()) * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate);
}
BENCHMARK_CAPTURE(BM_Decode, F16, DType::kF16);
BENCHMARK_CAPTURE(BM_Decode, BF16, DType::kBF16);
BENCHMARK_CAPTURE(BM_Decode, Q4_0, DType::kQ4_0);
BENCHMARK_CAPTURE(BM_Decode, Q4_1, DType::kQ4_1);
BENCHMARK_CAPTURE(BM_Decode, Q5_0, DType::kQ5_0);
BENCHMARK_CAPTURE(BM_Decode, Q5_1, DType::kQ5_1);
BENCHMARK_CAPTURE(BM_Decode, Q8_0, DType::kQ8_0);
BENCHMARK_CAPTURE(BM_Decode, Q4_K, DType::kQ4_K);
BENCHMARK_CAPTURE(BM_Decode, Q5_K, DType::kQ5_K);
BENCHMARK_CAPTURE(BM_Decode, Q6_K, DType::kQ6_K);

// [M, K] x [N, K]^T; arguments M, N, K, threads.
void BM_Linear(benchmark::State& state, DType dtype, bool transposed = false) {
  const auto m = static_cast<std::size_t>(state.range(0));
  const auto n = static_cast<std::size_t>(state.range(1));
  const auto k = static_cast<std::size_t>(state.range(2));
  const auto threads = static_cast<std::size_t>(state.range(3));
  const TaskPool pool(threads);
  Weights w(dtype, n, k);
  if (transposed) w.view.row_bytes = RowBytes(dtype, n);
  w.view.transposed = transposed;
  const auto x = Inputs(m * k);
  std::vector<float> y(m * n);
  for (auto _ : state) {
    kernels::Linear(pool, ConstMatrixView(x.get(), m, k), w.view, {},
                    MatrixView(y.data(), m, n));
    benchmark::ClobberMemory();
  }
  ReportFlops(state, 2.0 * static_cast<double>(m * n * k), threads);
}
// Names of the default model's products, at 128 and 5 positions.
BENCHMARK_CAPTURE(BM_Linear, GateUpQ4_1, DType::kQ4_1)
    ->Args({128, 1536, 576, 1})
    ->Args({128, 1536, 576, 2})
    ->Args({5, 1536, 576, 1})
    ->Args({5, 1536, 576, 2})
    ->Args({1, 1536, 576, 1})
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_Linear, DownQ4_1, DType::kQ4_1)
    ->Args({128, 576, 1536, 1})
    ->Args({128, 576, 1536, 2})
    ->Args({5, 576, 1536, 1})
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_Linear, KeyValueQ4_1, DType::kQ4_1)
    ->Args({128, 192, 576, 2})
    ->Args({5, 192, 576, 2})
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_Linear, HeadQ8_0, DType::kQ8_0)
    ->Args({496, 49152, 576, 1})
    ->Args({496, 49152, 576, 2})
    ->Args({31, 49152, 576, 1})
    ->Args({1, 49152, 576, 1})
    ->UseRealTime();

// GPT-2's products, plain and as Conv1D stores them, [K, N].
void Gpt2Products(benchmark::internal::Benchmark* benchmark) {
  for (const std::int64_t m : {128, 5, 1}) {
    benchmark->Args({m, 2304, 768, 1})->Args({m, 768, 768, 1});
    benchmark->Args({m, 3072, 768, 1})->Args({m, 768, 3072, 1});
  }
  benchmark->Args({128, 3072, 768, 2})->UseRealTime();
}
BENCHMARK_CAPTURE(BM_Linear, PlainF32, DType::kF32)->Apply(Gpt2Products);
BENCHMARK_CAPTURE(BM_Linear, TransposedF32, DType::kF32, true)
    ->Apply(Gpt2Products);
BENCHMARK_CAPTURE(BM_Linear, PlainF16, DType::kF16)->Apply(Gpt2Products);
BENCHMARK_CAPTURE(BM_Linear, TransposedF16, DType::kF16, true)
    ->Apply(Gpt2Products);

// Float weights in cache: the register tile by itself.
void BM_DotTile(benchmark::State& state) {
  const auto m = static_cast<std::size_t>(state.range(0));
  const auto n = static_cast<std::size_t>(state.range(1));
  const auto k = static_cast<std::size_t>(state.range(2));
  const auto x = Inputs(m * k), w = Inputs(n * k);
  std::vector<float> out(m * n);
  for (auto _ : state) {
    kernels::DotTile(ConstMatrixView(x.get(), m, k),
                     ConstMatrixView(w.get(), n, k),
                     MatrixView(out.data(), m, n));
    benchmark::ClobberMemory();
  }
  ReportFlops(state, 2.0 * static_cast<double>(m * n * k), 1);
}
BENCHMARK(BM_DotTile)
    ->Args({12, 64, 576})
    ->Args({31, 64, 576})
    ->Args({496, 64, 576})
    ->Args({128, 32, 1536})
    ->Args({64, 64, 64});

// A tile of 31 cells by 64 logits with the fold of its sums; compare with the
// dots of such a tile, BM_DotTile/31/64/576.
void BM_ReduceLensBlock(benchmark::State& state) {
  constexpr std::size_t kCells = 31, kCount = 64;
  const auto logits = Inputs(kCells * kCount);
  for (std::size_t i = 0; i < kCells * kCount; ++i) logits[i] *= 10;
  std::vector<kernels::LensBlock> blocks(kCells);
  std::vector<kernels::LensSums> sums(kCells);
  for (auto _ : state) {
    kernels::ReduceLensBlock(ConstMatrixView(logits.get(), kCells, kCount),
                             blocks);
    for (std::size_t i = 0; i < kCells; ++i) sums[i].Fold(blocks[i].sums);
    benchmark::ClobberMemory();
  }
  state.counters["ns/cell"] = benchmark::Counter(
      kCells * 1e-9 * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_ReduceLensBlock);

void BM_CountGreater(benchmark::State& state) {
  const auto logits = Inputs(64);
  float value = 0.5f;
  for (auto _ : state) {
    benchmark::DoNotOptimize(value);
    benchmark::DoNotOptimize(kernels::CountGreater({logits.get(), 64}, value));
  }
}
BENCHMARK(BM_CountGreater);

}  // namespace
}  // namespace pellucid::bench

int main(int argc, char** argv) {
  const pellucid::Status isa = pellucid::kernels::SelectIsaFromEnvironment();
  if (!isa.ok()) return 1;
  benchmark::AddCustomContext(
      "isa",
      std::string(pellucid::kernels::NameOf(pellucid::kernels::CurrentIsa())));
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
