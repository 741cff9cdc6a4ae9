// The streaming pass of the lens: decodes residual rows against the whole
// vocabulary and keeps a few numbers a cell. Logits are never stored.
//
// The vocabulary is walked in blocks of 64 rows, decoded once for many cells.
// All cells of a position meet a block together, the final row among them, so
// that KL(final || row) needs no second pass; watched tokens get their logit
// first, from the same dot, so that ranks need none either. Tasks are (chunk of
// the vocabulary) x (group of positions); sums are folded by rising index
// (kernels/lens_reduce.h), so nothing depends on the number of threads.
//
// At LensPrecision::kFast the dots are of integers (kernels/integer_product.h),
// off by about 1e-5 of the logits' size. Of each cell a few more tokens than
// top_k are kept and then get their exact logits, and with these their shares
// of the sums: what is wrong with the many others averages out. A rank counts
// the logits above that of the watched token, both from integers, or, where
// that is among the kept ones, exact.
#ifndef PELLUCID_ANALYSIS_LENS_PASS_H_
#define PELLUCID_ANALYSIS_LENS_PASS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

#include "analysis/top_logits.h"
#include "base/matrix.h"
#include "base/task_pool.h"
#include "kernels/lens_reduce.h"
#include "model/head.h"
#include "pellucid/lens.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"

namespace pellucid {

// The cells to decode: those of one position stand together, the final row's
// last. All arrays live as long as the pass.
struct LensCells {
  ConstMatrixView normed;            // [cells, d_embed], what the unembedding
                                     // multiplies (Head::ToEmbedding)
  std::vector<std::size_t> offsets;  // position p: cells offsets[p] ..
                                     // offsets[p + 1] - 1; at least one each
  std::vector<std::vector<TokenId>> watched;  // tokens to rank, by position

  std::size_t positions() const { return offsets.size() - 1; }
  std::size_t cells() const { return offsets.back(); }
};

struct PassOptions {
  std::size_t top_k = 5;
  LensPrecision precision = LensPrecision::kExact;

  // Tokens of a cell that are kept until the end: at kFast the top_k of the
  // exact logits are among them, but where more than 16 others lie within the
  // error of the last one.
  std::size_t Kept() const {
    return precision == LensPrecision::kExact ? top_k : top_k + 16;
  }
};

struct DecodedCell {
  std::vector<TopLogit> top;  // best first
  kernels::LensStatistics statistics;
  std::vector<float> watched_logits;  // LensCells::watched of its position
  std::vector<std::size_t> ranks;     // 1 + how many logits are greater
};

// Costs cells * vocab * d_embed multiply-adds. Memory: per cell and chunk of
// 4096 vocabulary rows, PassOptions::Kept() pairs and about 60 bytes.
// kCancelled.
Result<std::vector<DecodedCell>> RunLensPass(const TaskPool& pool,
                                             const Head& head,
                                             const LensCells& cells,
                                             const PassOptions& options,
                                             const std::stop_token& stop,
                                             const Progress& progress);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_LENS_PASS_H_
