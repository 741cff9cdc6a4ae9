// Rates of the kernels on their own, beside what the machine can do at best,
// which is measured first. GFLOP/s count a multiply-add as two; "share" is of
// the multiply-add peak, or of the read bandwidth where GB/s are given, of as
// many threads. Inputs are warm; memory is allocated outside.
//
//   build/release/bin/kernels_bench --benchmark_filter=Linear
//
// The benchmarks themselves are in the files beside this one, by topic.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>

#include "bench/machine.h"
#include "bench/peer_sgemm.h"
#include "kernels/isa.h"

namespace pellucid::bench {
namespace {

void DescribeMachine() {
  benchmark::AddCustomContext(
      "isa", std::string(kernels::NameOf(kernels::CurrentIsa())));
  for (const std::size_t threads : {1u, 2u}) {
    benchmark::AddCustomContext(
        fmt::format("peak_gflops_{}", threads),
        fmt::format("{:.1f}", PeakFlops(threads) / 1e9));
    benchmark::AddCustomContext(
        fmt::format("read_gbytes_{}", threads),
        fmt::format("{:.1f}", ReadBandwidth(threads) / 1e9));
  }
  for (const SgemmPeer& peer : SgemmPeers()) {
    benchmark::AddCustomContext(peer.name, peer.kernel);
  }
}

}  // namespace
}  // namespace pellucid::bench

int main(int argc, char** argv) {
  if (!pellucid::kernels::SelectIsaFromEnvironment().ok()) return 1;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  pellucid::bench::RegisterSgemmPeers();
  pellucid::bench::DescribeMachine();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
