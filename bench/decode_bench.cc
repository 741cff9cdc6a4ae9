// Rows of weights to floats, of every element type.
#include <benchmark/benchmark.h>

#include "bench/kernel_data.h"
#include "kernels/decode.h"
#include "kernels/decode_panel.h"
#include "kernels/panel.h"

namespace pellucid::bench {
namespace {

void ReportElements(benchmark::State& state, std::size_t count) {
  const double total =
      static_cast<double>(count) * static_cast<double>(state.iterations());
  state.counters["elements/s"] =
      benchmark::Counter(total, benchmark::Counter::kIsRate);
}

// 64 rows of 768, which stay in the second cache.
void BM_Decode(benchmark::State& state, DType dtype) {
  const Weights w(dtype, 64, 768);
  Values out(64 * 768);
  for (auto _ : state) {
    kernels::DecodeRows(w.view, 0, out.Rows(64));
    benchmark::ClobberMemory();
  }
  ReportElements(state, 64 * 768);
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
BENCHMARK_CAPTURE(BM_Decode, Q2_K, DType::kQ2_K);
BENCHMARK_CAPTURE(BM_Decode, Q3_K, DType::kQ3_K);
BENCHMARK_CAPTURE(BM_Decode, IQ4_NL, DType::kIQ4_NL);
BENCHMARK_CAPTURE(BM_Decode, MXFP4, DType::kMXFP4);
BENCHMARK_CAPTURE(BM_Decode, F8_E4M3, DType::kF8E4M3);
BENCHMARK_CAPTURE(BM_Decode, Mlx3, DType::kU3);
BENCHMARK_CAPTURE(BM_Decode, Mlx4, DType::kU4);
BENCHMARK_CAPTURE(BM_Decode, Mlx6, DType::kU6);
BENCHMARK_CAPTURE(BM_Decode, Mlx8, DType::kU8);

// The same straight into panels.
void BM_DecodePanel(benchmark::State& state, DType dtype) {
  const Weights w(dtype, 64, 768);
  const std::size_t panel = kernels::PackedPanelFloats(16, 768);
  Values out(4 * panel);
  for (auto _ : state) {
    for (std::size_t i = 0; i < 4; ++i) {
      kernels::DecodePanel(w.view, 16 * i, 16, out.data() + i * panel);
    }
    benchmark::ClobberMemory();
  }
  ReportElements(state, 64 * 768);
}
BENCHMARK_CAPTURE(BM_DecodePanel, F16, DType::kF16);
BENCHMARK_CAPTURE(BM_DecodePanel, BF16, DType::kBF16);
BENCHMARK_CAPTURE(BM_DecodePanel, Q4_0, DType::kQ4_0);
BENCHMARK_CAPTURE(BM_DecodePanel, Q4_1, DType::kQ4_1);
BENCHMARK_CAPTURE(BM_DecodePanel, Q8_0, DType::kQ8_0);
BENCHMARK_CAPTURE(BM_DecodePanel, Q4_K, DType::kQ4_K);
BENCHMARK_CAPTURE(BM_DecodePanel, Q5_K, DType::kQ5_K);
BENCHMARK_CAPTURE(BM_DecodePanel, Q6_K, DType::kQ6_K);
BENCHMARK_CAPTURE(BM_DecodePanel, Mlx4, DType::kU4);
BENCHMARK_CAPTURE(BM_DecodePanel, Mlx8, DType::kU8);

// 64 rows out of a matrix that the file holds transposed.
void BM_DecodeTransposed(benchmark::State& state, DType dtype) {
  const Weights w(dtype, 768, 768, /*transposed=*/true);
  Values out(64 * 768);
  for (auto _ : state) {
    kernels::DecodeRows(w.view, 0, out.Rows(64));
    benchmark::ClobberMemory();
  }
  ReportElements(state, 64 * 768);
}
BENCHMARK_CAPTURE(BM_DecodeTransposed, F32, DType::kF32);
BENCHMARK_CAPTURE(BM_DecodeTransposed, F16, DType::kF16);
BENCHMARK_CAPTURE(BM_DecodeTransposed, BF16, DType::kBF16);

}  // namespace
}  // namespace pellucid::bench
