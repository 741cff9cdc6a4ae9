// A probe of gradients that keeps of a point one number for each head and
// position: the dot of the gradient there with a given difference of
// activations. What gradient x activation, integrated gradients and
// attribution patching are sums of; no gradient is stored.
#ifndef PELLUCID_ANALYSIS_POINT_DOTS_H_
#define PELLUCID_ANALYSIS_POINT_DOTS_H_

#include <cstddef>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/matrix.h"
#include "pellucid/patch.h"
#include "trace/probe.h"
#include "trace/site.h"
#include "trace/site_table.h"

namespace pellucid {

// [rows, cols] of zeros.
Buffer Zeros(std::size_t rows, std::size_t cols);

class PointDots : public Probe {
 public:
  // `differences`: by block as PointProbe keeps them, of `tokens` tokens; empty
  // buffers: blocks that are not looked at. `offsets`: where each of the run's
  // prompts begins, whose first tokens these are. Both must outlive the probe.
  PointDots(Point point, const SiteSizes& sizes,
            std::span<const Buffer> differences,
            std::span<const std::size_t> offsets, std::size_t tokens);

  bool Wants(SiteKey key) const override;
  void Visit(SiteKey key, ConstMatrixView gradient) override;
  void VisitAttention(SiteKey key, std::size_t prompt, std::size_t head,
                      std::size_t first_query, ConstMatrixView rows) override;

  // The sum over prompts, each in float64 and in their order, of what block
  // `layer`, `head` (0 where the point has none) and `position` have.
  double At(std::size_t layer, std::size_t head, std::size_t position) const;
  std::size_t heads() const { return heads_; }  // 1 where the point has none

 private:
  std::size_t Index(std::size_t layer, std::size_t prompt, std::size_t head,
                    std::size_t position) const {
    return ((layer * prompts_ + prompt) * heads_ + head) * tokens_ + position;
  }

  const Point point_;
  const std::span<const Buffer> differences_;
  const std::span<const std::size_t> offsets_;
  const std::size_t prompts_, heads_, tokens_;
  std::vector<double> dots_;  // [layers, prompts, heads, tokens]
};

// The sum of what a cell of a grid covers: of block `layer`, at `positions`, in
// head `column` for PatchAxes::kLayerHead, else in all heads.
double SumOfCell(const PointDots& dots, PatchAxes axes, std::size_t layer,
                 std::size_t column, std::span<const std::size_t> positions);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_POINT_DOTS_H_
