// The loops that bench/machine.h times, once for each instruction set: like the
// kernels, they run on the one that PELLUCID_ISA or the processor chooses.
#ifndef PELLUCID_BENCH_MACHINE_LOOPS_H_
#define PELLUCID_BENCH_MACHINE_LOOPS_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace pellucid::bench {

// Multiply-adds in registers, `steps` of each of several independent chains.
// Returns the number of floating-point operations done, two a multiply-add.
double RunChains(std::size_t steps);

// Reads each word once. Returns the number of bytes read.
double ReadAll(std::span<const std::uint64_t> words);

}  // namespace pellucid::bench

#endif  // PELLUCID_BENCH_MACHINE_LOOPS_H_
