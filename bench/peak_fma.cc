#include "bench/peak_fma.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/peak_fma.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::bench {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// 12 chains hide the latency of 4 or 5 cycles of two units and fit 16
// registers. Returns the number of floating-point operations done.
double RunChains(std::size_t steps, float* sink) {
  const hn::CappedTag<float, 16> d;
  constexpr std::size_t kChains = 12;
  hn::Vec<decltype(d)> chain[kChains];
  for (auto& c : chain) c = hn::Set(d, *sink);
  const auto a = hn::Set(d, 0.999f), b = hn::Set(d, 0.001f);
  for (std::size_t i = 0; i < steps; ++i) {
    for (auto& c : chain) c = hn::MulAdd(c, a, b);
  }
  for (std::size_t i = 1; i < kChains; ++i) {
    chain[0] = hn::Add(chain[0], chain[i]);
  }
  *sink = hn::GetLane(chain[0]);
  return 2.0 * static_cast<double>(kChains * hn::Lanes(d) * steps);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::bench
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::bench {

HWY_EXPORT(RunChains);

double PeakFlops() {
  using Clock = std::chrono::steady_clock;
  constexpr std::size_t kSteps = 1 << 20, kRuns = 12;
  double best = 0;
  float sink = 1;
  for (std::size_t run = 0; run < kRuns; ++run) {
    const auto start = Clock::now();
    const double flops = HWY_DYNAMIC_DISPATCH(RunChains)(kSteps, &sink);
    const std::chrono::duration<double> seconds = Clock::now() - start;
    best = std::max(best, flops / seconds.count());
  }
  return sink == sink ? best : 0;
}

}  // namespace pellucid::bench
#endif  // HWY_ONCE
