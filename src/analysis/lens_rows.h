// Which rows of a lens are decoded where, and the probe that keeps their
// vectors during the forward pass.
//
// More rows are decoded than shown: the final row for KL, and every block's
// output where a target is followed over all blocks whatever rows were asked
// for.
#ifndef PELLUCID_ANALYSIS_LENS_ROWS_H_
#define PELLUCID_ANALYSIS_LENS_ROWS_H_

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "pellucid/lens.h"
#include "trace/probe.h"
#include "trace/site_table.h"

namespace pellucid {

// Rows are numbered in the order in which a run meets them, which is the order
// in which they are shown: 0 is the embedding, then each block has one number
// for each LensSite.
inline constexpr std::size_t kEmbedRow = 0;

std::size_t RowOf(std::size_t layer, LensSite site);
// The point that a row decodes.
SiteKey SiteOfRow(std::size_t row);
// -1 for the embedding.
int LayerOfRow(std::size_t row);
// The row is the residual stream after a block.
bool IsBlockOutput(std::size_t row);
// What the row decodes is no residual state (LensRow::own_norm).
bool HasOwnNorm(std::size_t row);

struct LensRows {
  std::vector<std::size_t> shown;  // ascending
  std::vector<std::size_t> few;    // shown and the final row, ascending
  std::vector<std::size_t> all;    // shown and every block's output, ascending
};

// kUsage: a layer out of range, a site that the architecture does not have
// (with the nearest names), or nothing selected.
Result<LensRows> ResolveRows(const LensOptions& options,
                             const SiteTable& table);

// Copies the vectors of listed tokens: token i of `tokens` (ascending positions
// in the packed batch) has the rows `rows_of[i]`, the final row last.
class RowProbe : public Probe {
 public:
  RowProbe(std::vector<std::size_t> tokens,
           std::vector<const std::vector<std::size_t>*> rows_of,
           std::size_t n_layers, std::size_t d_model);

  bool Wants(SiteKey key) const override;
  void Visit(SiteKey key, ConstMatrixView value) override;
  void VisitAttention(SiteKey, std::size_t, std::size_t, std::size_t,
                      ConstMatrixView) override {}

  // Vectors [cells, d_model], cells of a token together.
  MatrixView vectors() { return vectors_.view(); }
  Buffer TakeVectors() && { return std::move(vectors_); }
  // Token i has the cells offsets()[i] .. offsets()[i + 1] - 1.
  const std::vector<std::size_t>& offsets() const { return offsets_; }

 private:
  std::vector<std::size_t> tokens_;
  std::vector<const std::vector<std::size_t>*> rows_of_;
  std::vector<std::size_t> offsets_;
  std::vector<bool> wanted_;  // by row
  Buffer vectors_;
};

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_LENS_ROWS_H_
