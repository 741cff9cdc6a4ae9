// Which rows of a lens are decoded where, and the probe that keeps their
// residuals during the forward pass.
//
// More rows are decoded than shown: the final row for KL, and every block where
// a target is followed over all blocks whatever layers were asked for.
#ifndef PELLUCID_ANALYSIS_LENS_ROWS_H_
#define PELLUCID_ANALYSIS_LENS_ROWS_H_

#include <cstddef>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "pellucid/lens.h"
#include "trace/probe.h"

namespace pellucid {

// Rows are numbered 0 for the embedding, 1 + layer for block outputs.
struct LensRows {
  std::vector<std::size_t> shown;  // ascending
  std::vector<std::size_t> few;    // shown and the final row, ascending
  std::vector<std::size_t> all;    // shown and every block, ascending
};

// kUsage: a layer out of range, or nothing selected.
Result<LensRows> ResolveRows(const LensOptions& options, std::size_t n_layers);

// Copies the residual rows of listed tokens: token i of `tokens` (ascending
// positions in the packed batch) has the rows `rows_of[i]`, the final row last.
class ResidualProbe : public Probe {
 public:
  ResidualProbe(std::vector<std::size_t> tokens,
                std::vector<const std::vector<std::size_t>*> rows_of,
                std::size_t n_layers, std::size_t d_model);

  bool Wants(SiteKey key) const override;
  void Visit(SiteKey key, ConstMatrixView value) override;
  void VisitAttention(SiteKey, std::size_t, std::size_t, std::size_t,
                      ConstMatrixView) override {}

  // Residuals [cells, d_model], cells of a token together.
  MatrixView residuals() { return residuals_.view(); }
  // Token i has the cells offsets()[i] .. offsets()[i + 1] - 1.
  const std::vector<std::size_t>& offsets() const { return offsets_; }

 private:
  std::vector<std::size_t> tokens_;
  std::vector<const std::vector<std::size_t>*> rows_of_;
  std::vector<std::size_t> offsets_;
  std::vector<bool> wanted_;  // by row number
  Buffer residuals_;
};

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_LENS_ROWS_H_
