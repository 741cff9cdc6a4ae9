#include "bench/peer_sgemm.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "bench/kernel_data.h"

#ifdef PELLUCID_BENCH_ONEDNN
#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>
#endif
#ifdef PELLUCID_BENCH_OPENBLAS
#include <cblas.h>
#endif

namespace pellucid::bench {
namespace {

#ifdef PELLUCID_BENCH_ONEDNN
std::string OneDnnIsa() {
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::sse41:
      return "SSE4.1";
    case dnnl::cpu_isa::avx:
      return "AVX";
    case dnnl::cpu_isa::avx2:
    case dnnl::cpu_isa::avx2_vnni:
      return "AVX2";
    case dnnl::cpu_isa::avx512_core:
    case dnnl::cpu_isa::avx512_core_vnni:
    case dnnl::cpu_isa::avx512_core_bf16:
    case dnnl::cpu_isa::avx512_core_amx:
      return "AVX-512";
    default:
      return "other";
  }
}

void OneDnnSgemm(std::size_t threads, ConstMatrixView x, ConstMatrixView w,
                 MatrixView y) {
  omp_set_num_threads(static_cast<int>(threads));
  const auto size = [](std::size_t n) { return static_cast<dnnl_dim_t>(n); };
  dnnl::sgemm('N', 'T', size(x.rows), size(w.rows), size(x.cols), 1, x.data,
              size(x.stride), w.data, size(w.stride), 0, y.data,
              size(y.stride));
}
#endif

#ifdef PELLUCID_BENCH_OPENBLAS
void OpenBlasSgemm(std::size_t threads, ConstMatrixView x, ConstMatrixView w,
                   MatrixView y) {
  openblas_set_num_threads(static_cast<int>(threads));
  const auto size = [](std::size_t n) { return static_cast<blasint>(n); };
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, size(x.rows),
              size(w.rows), size(x.cols), 1, x.data, size(x.stride), w.data,
              size(w.stride), 0, y.data, size(y.stride));
}
#endif

// Arguments M, N, K, threads.
void RunSgemm(benchmark::State& state, Sgemm multiply) {
  const auto m = static_cast<std::size_t>(state.range(0));
  const auto n = static_cast<std::size_t>(state.range(1));
  const auto k = static_cast<std::size_t>(state.range(2));
  const auto threads = static_cast<std::size_t>(state.range(3));
  Values x(m * k), w(n * k), y(m * n);
  for (auto _ : state) {
    multiply(threads, x.Rows(m), w.Rows(n), y.Rows(m));
    benchmark::ClobberMemory();
  }
  ReportFlops(state, 2.0 * static_cast<double>(m * n * k), threads);
}

}  // namespace

std::vector<SgemmPeer> SgemmPeers() {
  std::vector<SgemmPeer> peers;
#ifdef PELLUCID_BENCH_ONEDNN
  const dnnl_version_t* v = dnnl_version();
  peers.push_back(
      {"oneDNN",
       fmt::format("{}.{}.{}, {}", v->major, v->minor, v->patch, OneDnnIsa()),
       OneDnnSgemm});
#endif
#ifdef PELLUCID_BENCH_OPENBLAS
  peers.push_back({"OpenBLAS",
                   fmt::format("{}, kernels of {}", openblas_get_config(),
                               openblas_get_corename()),
                   OpenBlasSgemm});
#endif
  return peers;
}

// The shapes of BM_Linear, so that names differ in the first part only.
void RegisterSgemmPeers() {
  for (const SgemmPeer& peer : SgemmPeers()) {
    const auto name = [&](const char* shape) {
      return fmt::format("BM_Sgemm/{}/{}", peer.name, shape);
    };
    const auto add = [&](const char* shape) {
      return benchmark::RegisterBenchmark(name(shape).c_str(), RunSgemm,
                                          peer.multiply)
          ->UseRealTime();
    };
    add("GateUp")->ArgsProduct({{512, 128, 5, 1}, {1536}, {576}, {1, 2}});
    add("Down")->ArgsProduct({{512, 128, 5, 1}, {576}, {1536}, {1, 2}});
    add("Head")->ArgsProduct({{496, 31, 5}, {49152}, {576}, {1, 2}});
  }
}

}  // namespace pellucid::bench
