#include "bench/machine_loops.h"

#include <benchmark/benchmark.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/machine_loops.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::bench {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// 12 chains hide the latency of 4 or 5 cycles of two units and fit 16
// registers.
double Chains(std::size_t steps) {
  const hn::CappedTag<float, 16> d;
  constexpr std::size_t kChains = 12;
  hn::Vec<decltype(d)> chain[kChains];
  for (auto& c : chain) c = hn::Set(d, 1.0f);
  const auto a = hn::Set(d, 0.999f), b = hn::Set(d, 0.001f);
  for (std::size_t i = 0; i < steps; ++i) {
    for (auto& c : chain) c = hn::MulAdd(c, a, b);
  }
  for (std::size_t i = 1; i < kChains; ++i) {
    chain[0] = hn::Add(chain[0], chain[i]);
  }
  benchmark::DoNotOptimize(hn::GetLane(chain[0]));
  return 2.0 * static_cast<double>(kChains * hn::Lanes(d) * steps);
}

// Four registers at a time, each with a sum of its own.
double Read(std::span<const std::uint64_t> words) {
  const hn::ScalableTag<std::uint64_t> d;
  const std::size_t lanes = hn::Lanes(d);
  constexpr std::size_t kSums = 4;
  hn::Vec<decltype(d)> sum[kSums];
  for (auto& s : sum) s = hn::Zero(d);
  std::size_t at = 0;
  for (; at + kSums * lanes <= words.size(); at += kSums * lanes) {
    for (std::size_t i = 0; i < kSums; ++i) {
      const auto next = hn::LoadU(d, words.data() + at + i * lanes);
      sum[i] = hn::Add(sum[i], next);
    }
  }
  for (std::size_t i = 1; i < kSums; ++i) sum[0] = hn::Add(sum[0], sum[i]);
  benchmark::DoNotOptimize(hn::GetLane(sum[0]));
  return static_cast<double>(at * sizeof(std::uint64_t));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::bench
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::bench {

HWY_EXPORT(Chains);
HWY_EXPORT(Read);

double RunChains(std::size_t steps) {
  return HWY_DYNAMIC_DISPATCH(Chains)(steps);
}

double ReadAll(std::span<const std::uint64_t> words) {
  return HWY_DYNAMIC_DISPATCH(Read)(words);
}

}  // namespace pellucid::bench
#endif  // HWY_ONCE
