#include "model/block_record.h"

#include <algorithm>

namespace pellucid {
namespace {

std::size_t FeaturesOf(const ArchSpec& spec, Point point) {
  switch (point) {
    case Point::kQuery:
    case Point::kQueryNorm:
      return spec.QueryWidth();
    case Point::kKey:
    case Point::kValue:
    case Point::kKeyNorm:
      return spec.KeyWidth();
    case Point::kGate:
    case Point::kUp:
    case Point::kAct:
      return spec.d_mlp;
    case Point::kRouter:
      return spec.experts.n_experts;
    case Point::kSharedGate:
    case Point::kSharedUp:
    case Point::kSharedAct:
      return spec.experts.d_shared;
    case Point::kSharedWeight:
      return 1;
    default:
      return spec.d_model;
  }
}

void AddMlpPoints(const ArchSpec& spec, const LayerWeights& w,
                  std::vector<Point>& points) {
  if (!w.mlp_post_norm.empty() || spec.norm_after_add) {
    points.push_back(MlpOutput(spec));
  }
  if (w.mixture.experts.empty()) {
    if (IsGated(w)) points.insert(points.end(), {Point::kGate, Point::kAct});
    points.push_back(Point::kUp);
    return;
  }
  points.push_back(MlpInput(spec, w));
  points.push_back(Point::kRouter);
  if (w.mixture.shared.up.empty()) return;
  points.insert(points.end(), {Point::kSharedGate, Point::kSharedUp,
                               Point::kSharedAct, Point::kShared});
  if (!w.mixture.shared_weight.empty()) points.push_back(Point::kSharedWeight);
}

}  // namespace

Point AttentionOutput(const ArchSpec& spec) {
  return spec.modules_add_residual ? Point::kAttnProj : Point::kAttn;
}

Point MlpOutput(const ArchSpec& spec) {
  return spec.modules_add_residual ? Point::kDown : Point::kMlp;
}

Point MlpInput(const ArchSpec& spec, const LayerWeights& w) {
  if (!spec.norm_after_add && !w.mlp_norm.empty()) return Point::kMlpNorm;
  if (spec.order == BlockOrder::kSequential) return Point::kResidMid;
  return w.attn_norm.empty() ? Point::kResidPre : Point::kAttnNorm;
}

void BlockRecord::Keep(Point point, ConstMatrixView value) {
  Buffer& buffer = values_[static_cast<std::size_t>(point)];
  buffer = Buffer(value.rows, value.cols);
  for (std::size_t r = 0; r < value.rows; ++r) {
    std::ranges::copy(value.RowSpan(r), buffer.view().Row(r));
  }
}

std::vector<Point> RecordedPoints(const ArchSpec& spec, const LayerWeights& w) {
  std::vector<Point> points = {Point::kResidPre, Point::kQuery, Point::kKey,
                               Point::kValue};
  if (!w.query_norm.empty()) {
    points.insert(points.end(), {Point::kQueryNorm, Point::kKeyNorm});
  }
  if (!w.attn_post_norm.empty() || spec.norm_after_add) {
    points.push_back(AttentionOutput(spec));
  }
  if (spec.order == BlockOrder::kSequential) points.push_back(Point::kResidMid);
  AddMlpPoints(spec, w, points);
  std::ranges::sort(points);
  // (clang 14 does not read what std::ranges::unique returns.)
  points.erase(std::unique(points.begin(), points.end()), points.end());
  return points;
}

std::size_t RecordFloats(const ArchSpec& spec, const LayerWeights& w) {
  std::size_t floats = 0;
  for (const Point point : RecordedPoints(spec, w)) {
    floats += FeaturesOf(spec, point);
  }
  return floats;
}

}  // namespace pellucid
