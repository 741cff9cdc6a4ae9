// Norms, activation functions and sums: what costs time but few operations.
// Rows are those of the default model, 576 wide, in the second cache. Rates are
// of bytes read; the share is that of memory's bandwidth, so above 1 means that
// the kernel never waits for memory.
#include <benchmark/benchmark.h>

#include "bench/kernel_data.h"
#include "kernels/activation.h"
#include "kernels/elementwise.h"
#include "kernels/norm.h"

namespace pellucid::bench {
namespace {

using kernels::Activation;

constexpr std::size_t kWidth = 576;

// Argument: rows.
void BM_RmsNorm(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  Values x(rows * kWidth), weight(kWidth), out(rows * kWidth);
  for (auto _ : state) {
    kernels::RmsNorm(x.Rows(rows), weight.all(), 1e-5f, out.Rows(rows));
    benchmark::ClobberMemory();
  }
  ReportBytes(state, static_cast<double>(x.all().size_bytes()), 1);
}
BENCHMARK(BM_RmsNorm)->Arg(1)->Arg(128);

void BM_LayerNorm(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  Values x(rows * kWidth), weight(kWidth), bias(kWidth), out(rows * kWidth);
  for (auto _ : state) {
    kernels::LayerNorm(x.Rows(rows), weight.all(), bias.all(), 1e-5f,
                       out.Rows(rows));
    benchmark::ClobberMemory();
  }
  ReportBytes(state, static_cast<double>(x.all().size_bytes()), 1);
}
BENCHMARK(BM_LayerNorm)->Arg(1)->Arg(128);

// 64 rows of 1536.
void BM_Activation(benchmark::State& state, Activation activation) {
  Values x(64 * 1536, /*scale=*/4), out(64 * 1536);
  for (auto _ : state) {
    kernels::Activate(activation, x.all(), out.all());
    benchmark::ClobberMemory();
  }
  ReportBytes(state, static_cast<double>(x.all().size_bytes()), 1);
}
BENCHMARK_CAPTURE(BM_Activation, Silu, Activation::kSilu);
BENCHMARK_CAPTURE(BM_Activation, Gelu, Activation::kGelu);
BENCHMARK_CAPTURE(BM_Activation, GeluTanh, Activation::kGeluTanh);
BENCHMARK_CAPTURE(BM_Activation, GeluFast, Activation::kGeluFast);
BENCHMARK_CAPTURE(BM_Activation, QuickGelu, Activation::kQuickGelu);
BENCHMARK_CAPTURE(BM_Activation, Relu, Activation::kRelu);
BENCHMARK_CAPTURE(BM_Activation, Relu2, Activation::kRelu2);

void BM_Add(benchmark::State& state) {
  Values a(64 * kWidth), b(64 * kWidth), out(64 * kWidth);
  for (auto _ : state) {
    kernels::Add(a.all(), b.all(), out.all());
    benchmark::ClobberMemory();
  }
  ReportBytes(state, 2 * static_cast<double>(a.all().size_bytes()), 1);
}
BENCHMARK(BM_Add);

void BM_Multiply(benchmark::State& state) {
  Values a(64 * kWidth), b(64 * kWidth), out(64 * kWidth);
  for (auto _ : state) {
    kernels::Multiply(a.all(), b.all(), out.all());
    benchmark::ClobberMemory();
  }
  ReportBytes(state, 2 * static_cast<double>(a.all().size_bytes()), 1);
}
BENCHMARK(BM_Multiply);

void BM_FirstNonFinite(benchmark::State& state) {
  Values x(64 * kWidth);
  for (auto _ : state) {
    benchmark::DoNotOptimize(kernels::FirstNonFinite(x.all()));
  }
  ReportBytes(state, static_cast<double>(x.all().size_bytes()), 1);
}
BENCHMARK(BM_FirstNonFinite);

}  // namespace
}  // namespace pellucid::bench
