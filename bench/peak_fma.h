// The f32 multiply-add rate of one core at this moment, as the measure of
// kernels: clocks and vector widths differ between machines and, on shared
// ones, from minute to minute.
#ifndef PELLUCID_BENCH_PEAK_FMA_H_
#define PELLUCID_BENCH_PEAK_FMA_H_

namespace pellucid::bench {

// Floating-point operations a second (two a multiply-add) of one thread on
// the instruction set in force, from independent chains in registers: the best
// of several runs. Takes about 50 ms.
double PeakFlops();

}  // namespace pellucid::bench

#endif  // PELLUCID_BENCH_PEAK_FMA_H_
