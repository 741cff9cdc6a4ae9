// Products of activations with weights: as the forward pass calls them, and
// the register tile by itself.
#include <benchmark/benchmark.h>

#include "base/task_pool.h"
#include "bench/kernel_data.h"
#include "kernels/dot_quantised.h"
#include "kernels/dot_tile.h"
#include "kernels/linear.h"
#include "kernels/panel.h"

namespace pellucid::bench {
namespace {

double FlopsOf(std::size_t m, std::size_t n, std::size_t k) {
  return 2.0 * static_cast<double>(m * n * k);
}

// [M, K] x [N, K]^T; arguments M, N, K, threads.
void BM_Linear(benchmark::State& state, DType dtype, bool transposed = false) {
  const auto m = static_cast<std::size_t>(state.range(0));
  const auto n = static_cast<std::size_t>(state.range(1));
  const auto k = static_cast<std::size_t>(state.range(2));
  const auto threads = static_cast<std::size_t>(state.range(3));
  const TaskPool pool(threads);
  const Weights w(dtype, n, k, transposed);
  Values x(m * k), y(m * n);
  for (auto _ : state) {
    kernels::Linear(pool, x.Rows(m), w.view, {}, y.Rows(m));
    benchmark::ClobberMemory();
  }
  ReportFlops(state, FlopsOf(m, n, k), threads);
}
// The default model's products, at 512, 128 and 5 positions and in a step of
// generation.
BENCHMARK_CAPTURE(BM_Linear, GateUpQ4_1, DType::kQ4_1)
    ->ArgsProduct({{512, 128, 5, 1}, {1536}, {576}, {1, 2}})
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_Linear, DownQ4_1, DType::kQ4_1)
    ->ArgsProduct({{512, 128, 5, 1}, {576}, {1536}, {1, 2}})
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_Linear, KeyValueQ4_1, DType::kQ4_1)
    ->ArgsProduct({{128, 5, 1}, {192}, {576}, {1, 2}})
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_Linear, HeadQ8_0, DType::kQ8_0)
    ->ArgsProduct({{496, 31, 5}, {49152}, {576}, {1, 2}})
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

// One row against every element type, out of the last cache or memory: GB/s of
// weights read. Arguments N, K, threads.
void BM_OneRow(benchmark::State& state, DType dtype) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const auto k = static_cast<std::size_t>(state.range(1));
  const auto threads = static_cast<std::size_t>(state.range(2));
  const TaskPool pool(threads);
  const Weights w(dtype, n, k);
  Values x(k), y(n);
  for (auto _ : state) {
    kernels::Linear(pool, x.Rows(1), w.view, {}, y.Rows(1));
    benchmark::ClobberMemory();
  }
  ReportBytes(state, static_cast<double>(w.bytes.size()), threads);
  const double weights = static_cast<double>(n * k);
  state.counters["weights/s"] =
      benchmark::Counter(weights * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate);
}
void HeadShapes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Args({49152, 768, 1})->Args({49152, 768, 2})->UseRealTime();
}
BENCHMARK_CAPTURE(BM_OneRow, F32, DType::kF32)->Apply(HeadShapes);
BENCHMARK_CAPTURE(BM_OneRow, F16, DType::kF16)->Apply(HeadShapes);
BENCHMARK_CAPTURE(BM_OneRow, BF16, DType::kBF16)->Apply(HeadShapes);
BENCHMARK_CAPTURE(BM_OneRow, Q4_0, DType::kQ4_0)->Apply(HeadShapes);
BENCHMARK_CAPTURE(BM_OneRow, Q4_1, DType::kQ4_1)->Apply(HeadShapes);
BENCHMARK_CAPTURE(BM_OneRow, Q5_0, DType::kQ5_0)->Apply(HeadShapes);
BENCHMARK_CAPTURE(BM_OneRow, Q5_1, DType::kQ5_1)->Apply(HeadShapes);
BENCHMARK_CAPTURE(BM_OneRow, Q8_0, DType::kQ8_0)->Apply(HeadShapes);
BENCHMARK_CAPTURE(BM_OneRow, Q4_K, DType::kQ4_K)->Apply(HeadShapes);
BENCHMARK_CAPTURE(BM_OneRow, Q5_K, DType::kQ5_K)->Apply(HeadShapes);
BENCHMARK_CAPTURE(BM_OneRow, Q6_K, DType::kQ6_K)->Apply(HeadShapes);
BENCHMARK_CAPTURE(BM_OneRow, Mlx4, DType::kU4)->Apply(HeadShapes);
BENCHMARK_CAPTURE(BM_OneRow, Mlx8, DType::kU8)->Apply(HeadShapes);
BENCHMARK_CAPTURE(BM_OneRow, Mlx6, DType::kU6)->Apply(HeadShapes);

// A few rows against quantised weights that stay in the second cache, by the
// kernel that decodes in registers. Arguments M, N, K.
void BM_DotQuantised(benchmark::State& state, DType dtype) {
  const auto m = static_cast<std::size_t>(state.range(0));
  const auto n = static_cast<std::size_t>(state.range(1));
  const auto k = static_cast<std::size_t>(state.range(2));
  const Weights w(dtype, n, k);
  Values x(m * k), out(m * n);
  for (auto _ : state) {
    kernels::DotQuantised(x.Rows(m), w.view, 0, out.Rows(m));
    benchmark::ClobberMemory();
  }
  ReportFlops(state, FlopsOf(m, n, k), 1);
}
BENCHMARK_CAPTURE(BM_DotQuantised, Q4_1, DType::kQ4_1)
    ->ArgsProduct({{1, 2, 5}, {256}, {576, 1536}});
BENCHMARK_CAPTURE(BM_DotQuantised, Q4_0, DType::kQ4_0)
    ->ArgsProduct({{1, 5}, {256}, {576}});
BENCHMARK_CAPTURE(BM_DotQuantised, Q8_0, DType::kQ8_0)
    ->ArgsProduct({{1, 5}, {256}, {576}});
BENCHMARK_CAPTURE(BM_DotQuantised, Mlx4, DType::kU4)
    ->ArgsProduct({{1, 2, 5}, {256}, {576, 1536}});
BENCHMARK_CAPTURE(BM_DotQuantised, Mlx8, DType::kU8)
    ->ArgsProduct({{1, 5}, {256}, {576}});

// Many rows by way of panels, both operands packed before. Arguments M, N, K.
void BM_MultiplyPanels(benchmark::State& state) {
  const auto m = static_cast<std::size_t>(state.range(0));
  const auto n = static_cast<std::size_t>(state.range(1));
  const auto k = static_cast<std::size_t>(state.range(2));
  Values x(m * k), w(n * k), out(m * n);
  Values rows(kernels::PackedRowFloats(m, k));
  Values panels(kernels::PackedPanelFloats(n, k));
  kernels::PackRows(x.Rows(m), rows.data());
  kernels::PackPanels(w.Rows(n), panels.data());
  for (auto _ : state) {
    kernels::MultiplyPanels(rows.data(), panels.data(), k, out.Rows(m));
    benchmark::ClobberMemory();
  }
  ReportFlops(state, FlopsOf(m, n, k), 1);
}
BENCHMARK(BM_MultiplyPanels)
    ->Args({31, 64, 576})
    ->Args({128, 64, 576})
    ->Args({496, 64, 576})
    ->Args({128, 64, 1536});

// Both operands into panels. Argument: rows of 576, as many of each.
void BM_PackPanels(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  constexpr std::size_t kLength = 576;
  Values x(rows * kLength);
  Values packed(kernels::PackedRowFloats(rows, kLength));
  Values panels(kernels::PackedPanelFloats(rows, kLength));
  for (auto _ : state) {
    kernels::PackRows(x.Rows(rows), packed.data());
    kernels::PackPanels(x.Rows(rows), panels.data());
    benchmark::ClobberMemory();
  }
  ReportBytes(state, 2 * static_cast<double>(x.all().size_bytes()), 1);
}
BENCHMARK(BM_PackPanels)->Arg(64);

// Float weights in cache: the register tile by itself.
void BM_DotTile(benchmark::State& state) {
  const auto m = static_cast<std::size_t>(state.range(0));
  const auto n = static_cast<std::size_t>(state.range(1));
  const auto k = static_cast<std::size_t>(state.range(2));
  Values x(m * k), w(n * k), out(m * n);
  for (auto _ : state) {
    kernels::DotTile(x.Rows(m), w.Rows(n), out.Rows(m));
    benchmark::ClobberMemory();
  }
  ReportFlops(state, FlopsOf(m, n, k), 1);
}
BENCHMARK(BM_DotTile)
    ->Args({1, 64, 576})
    ->Args({5, 64, 576})
    ->Args({12, 64, 576})
    ->Args({31, 64, 576})
    ->Args({496, 64, 576})
    ->Args({128, 32, 1536})
    ->Args({64, 64, 64});

}  // namespace
}  // namespace pellucid::bench
