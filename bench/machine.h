// What this machine can do at best, as the measure of kernels: the rate of
// multiply-adds and of reading memory. Clocks and vector widths differ between
// machines and, on shared ones, from minute to minute, so the program that
// measures kernels measures these first.
#ifndef PELLUCID_BENCH_MACHINE_H_
#define PELLUCID_BENCH_MACHINE_H_

#include <cstddef>

namespace pellucid::bench {

// Floating-point operations a second (two a multiply-add) of `threads` threads
// at once on the instruction set in force. Measured at the first call, which
// takes some 200 ms.
double PeakFlops(std::size_t threads);

// Bytes a second that `threads` threads together read from memory, out of a
// range that no cache holds. Measured at the first call, which takes some 100
// ms.
double ReadBandwidth(std::size_t threads);

}  // namespace pellucid::bench

#endif  // PELLUCID_BENCH_MACHINE_H_
