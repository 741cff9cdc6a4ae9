// The float32 products of oneDNN and OpenBLAS on the shapes of ours, where the
// build found these libraries: what well-tuned code reaches that is free to sum
// in any order.
#ifndef PELLUCID_BENCH_PEER_SGEMM_H_
#define PELLUCID_BENCH_PEER_SGEMM_H_

#include <cstddef>
#include <string>
#include <vector>

#include "base/matrix.h"

namespace pellucid::bench {

// x [M, K], w [N, K], y [M, N] = x w^T on so many threads.
using Sgemm = void (*)(std::size_t threads, ConstMatrixView x,
                       ConstMatrixView w, MatrixView y);

struct SgemmPeer {
  std::string name;    // "oneDNN", "OpenBLAS"
  std::string kernel;  // version and which of its kernels runs here
  Sgemm multiply;
};

// Those of this build; may be none.
std::vector<SgemmPeer> SgemmPeers();

// Adds their benchmarks.
void RegisterSgemmPeers();

}  // namespace pellucid::bench

#endif  // PELLUCID_BENCH_PEER_SGEMM_H_
