// One head of attention, and the rotation of its queries and keys.
#include <benchmark/benchmark.h>

#include <cmath>

#include "bench/kernel_data.h"
#include "kernels/attention.h"
#include "kernels/key_blocks.h"
#include "kernels/rope.h"
#include "kernels/scores.h"

namespace pellucid::bench {
namespace {

constexpr std::size_t kHeadDim = 64;

// Argument T: queries and keys. The rate counts the products under the mask,
// each a multiply-add for scores and one for p V.
void BM_Attention(benchmark::State& state) {
  const auto t = static_cast<std::size_t>(state.range(0));
  Values q(t * kHeadDim), v(t * kHeadDim), out(t * kHeadDim);
  Values k(kernels::KeyBlockCount(t) * kernels::kKeysInBlock * kHeadDim);
  const kernels::ConstKeyBlocks keys(k.data(), t, kHeadDim);
  const kernels::AttentionShape shape{
      .head_dim = kHeadDim,
      .scale = 1 / std::sqrt(static_cast<float>(kHeadDim))};
  for (auto _ : state) {
    kernels::AttendHead(shape, q.Rows(t), keys, v.Rows(t), 0, t, {}, {},
                        out.Rows(t));
    benchmark::ClobberMemory();
  }
  const double pairs = static_cast<double>(t * (t + 1) / 2);
  ReportFlops(state, pairs * kHeadDim * 4, 1);
}
BENCHMARK(BM_Attention)->Arg(5)->Arg(128)->Arg(512)->Arg(2048)->Arg(4096);

// Arguments: queries, T. Each query by all T keys.
void BM_Scores(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const auto t = static_cast<std::size_t>(state.range(1));
  Values q(n * kHeadDim), rows(n * (t + kernels::kKeysInBlock));
  Values k(t * kHeadDim);
  const MatrixView out(rows.data(), n, t, t + kernels::kKeysInBlock);
  for (auto _ : state) {
    kernels::Scores(q.Rows(n), {k.data(), t, kHeadDim}, 0,
                    kernels::KeyBlockCount(t), 0.125f, out);
    benchmark::ClobberMemory();
  }
  ReportFlops(state, static_cast<double>(n * t * kHeadDim * 2), 1);
}
BENCHMARK(BM_Scores)->Args({1, 2048})->Args({3, 2048})->Args({16, 512})->Args(
    {16, 2048});

// Argument T: tokens of 9 heads.
void BM_Rope(benchmark::State& state) {
  const auto t = static_cast<std::size_t>(state.range(0));
  const auto frequencies = kernels::InverseFrequencies(1e5, kHeadDim);
  const auto table = kernels::RopeTable::Make(frequencies, t);
  Values x(t * 9 * kHeadDim);
  for (auto _ : state) {
    kernels::ApplyRope(table, 0, kHeadDim, x.Rows(t));
    benchmark::ClobberMemory();
  }
  ReportBytes(state, static_cast<double>(x.all().size_bytes()), 1);
}
BENCHMARK(BM_Rope)->Arg(1)->Arg(128);

}  // namespace
}  // namespace pellucid::bench
