// A probe that keeps one point of every block of a run of one prompt: what
// patching takes values from, and attribution compares.
#ifndef PELLUCID_ANALYSIS_POINT_PROBE_H_
#define PELLUCID_ANALYSIS_POINT_PROBE_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/matrix.h"
#include "trace/probe.h"
#include "trace/site.h"
#include "trace/site_table.h"

namespace pellucid {

class PointProbe : public Probe {
 public:
  PointProbe(Point point, const SiteSizes& sizes, std::size_t tokens);

  bool Wants(SiteKey key) const override { return key.point == point_; }
  void Visit(SiteKey key, ConstMatrixView value) override;
  void VisitAttention(SiteKey key, std::size_t prompt, std::size_t head,
                      std::size_t first_query, ConstMatrixView rows) override;

  // By block (one for a point of no block): [tokens, features]; of scores and
  // pattern [heads * tokens, tokens]. Ends the probe.
  std::vector<Buffer> Take() { return std::move(values_); }

 private:
  Point point_;
  std::size_t tokens_;
  std::vector<Buffer> values_;
};

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_POINT_PROBE_H_
