// The vector forms of exp, tanh and erf (kernels/math-inl.h) on numbers in the
// nearest cache.
#include <benchmark/benchmark.h>

#include "bench/kernel_data.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/math_bench.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// out[i] = function(x[i]), for counts that are multiples of 16.
template <class Function>
void Map(std::span<const float> x, float* out, const Function& function) {
  const hn::CappedTag<float, 16> tag;
  for (std::size_t i = 0; i < x.size(); i += hn::Lanes(tag)) {
    hn::Store(function(tag, hn::Load(tag, x.data() + i)), tag, out + i);
  }
}

void MapExp(std::span<const float> x, float* out) {
  Map(x, out, [](auto tag, auto v) HWY_ATTR { return Exp(tag, v); });
}
void MapTanh(std::span<const float> x, float* out) {
  Map(x, out, [](auto tag, auto v) HWY_ATTR { return Tanh(tag, v); });
}
void MapErf(std::span<const float> x, float* out) {
  Map(x, out, [](auto tag, auto v) HWY_ATTR { return Erf(tag, v); });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(MapExp);
HWY_EXPORT(MapTanh);
HWY_EXPORT(MapErf);

namespace {

void BM_Math(benchmark::State& state,
             void (*map)(std::span<const float>, float*)) {
  constexpr std::size_t kCount = 4096;
  bench::Values x(kCount, /*scale=*/4), out(kCount);
  for (auto _ : state) {
    map(x.all(), out.data());
    benchmark::ClobberMemory();
  }
  state.counters["elements/s"] =
      benchmark::Counter(kCount * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate);
}

void CallExp(std::span<const float> x, float* out) {
  HWY_DYNAMIC_DISPATCH(MapExp)(x, out);
}
void CallTanh(std::span<const float> x, float* out) {
  HWY_DYNAMIC_DISPATCH(MapTanh)(x, out);
}
void CallErf(std::span<const float> x, float* out) {
  HWY_DYNAMIC_DISPATCH(MapErf)(x, out);
}
BENCHMARK_CAPTURE(BM_Math, Exp, CallExp);
BENCHMARK_CAPTURE(BM_Math, Tanh, CallTanh);
BENCHMARK_CAPTURE(BM_Math, Erf, CallErf);

}  // namespace
}  // namespace pellucid::kernels
#endif  // HWY_ONCE
