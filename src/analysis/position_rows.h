// A probe that keeps one row of chosen points: what passed at one position,
// which is all that an attribution reads.
#ifndef PELLUCID_ANALYSIS_POSITION_ROWS_H_
#define PELLUCID_ANALYSIS_POSITION_ROWS_H_

#include <cstddef>
#include <initializer_list>
#include <span>
#include <vector>

#include "base/matrix.h"
#include "trace/probe.h"
#include "trace/site.h"

namespace pellucid {

class PositionRows : public Probe {
 public:
  // Of packed row `row`, none of them an attention matrix.
  PositionRows(std::size_t row, std::size_t n_layers,
               std::initializer_list<Point> points)
      : row_(row), rows_(kPointCount * (n_layers == 0 ? 1 : n_layers)) {
    for (const Point point : points) Add(point);
  }
  void Add(Point point) { wanted_[static_cast<std::size_t>(point)] = true; }

  bool Wants(SiteKey key) const override {
    return wanted_[static_cast<std::size_t>(key.point)];
  }
  void Visit(SiteKey key, ConstMatrixView value) override {
    const std::span<const float> row = value.RowSpan(row_);
    rows_[Index(key)].assign(row.begin(), row.end());
  }
  void VisitAttention(SiteKey, std::size_t, std::size_t, std::size_t,
                      ConstMatrixView) override {}

  // [features]; empty where the run did not come by. Lives as long as this.
  std::span<const float> Of(SiteKey key) const { return rows_[Index(key)]; }

 private:
  static std::size_t Index(SiteKey key) {
    return key.layer * kPointCount + static_cast<std::size_t>(key.point);
  }

  std::size_t row_;
  std::vector<bool> wanted_ = std::vector<bool>(kPointCount);
  std::vector<std::vector<float>> rows_;  // [n_layers, points]
};

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_POSITION_ROWS_H_
