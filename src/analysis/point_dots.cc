#include "analysis/point_dots.h"

#include <algorithm>

#include "trace/point_heads.h"

namespace pellucid {
namespace {

double Dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return sum;
}

}  // namespace

Buffer Zeros(std::size_t rows, std::size_t cols) {
  Buffer zeros(rows, cols);
  std::fill_n(zeros.view().data, rows * cols, 0.0f);
  return zeros;
}

PointDots::PointDots(Point point, const SiteSizes& sizes,
                     std::span<const Buffer> differences,
                     std::span<const std::size_t> offsets, std::size_t tokens)
    : point_(point),
      differences_(differences),
      offsets_(offsets),
      prompts_(offsets.size() - 1),
      heads_(std::max<std::size_t>(1, HeadsOfPoint(sizes, point))),
      tokens_(tokens),
      dots_(differences.size() * prompts_ * heads_ * tokens) {}

bool PointDots::Wants(SiteKey key) const {
  return key.point == point_ && differences_[key.layer].view().rows > 0;
}

void PointDots::Visit(SiteKey key, ConstMatrixView gradient) {
  const ConstMatrixView difference = differences_[key.layer].view();
  const std::size_t width = gradient.cols / heads_;
  for (std::size_t p = 0; p < prompts_; ++p) {
    for (std::size_t t = 0; t < tokens_; ++t) {
      for (std::size_t head = 0; head < heads_; ++head) {
        dots_[Index(key.layer, p, head, t)] =
            Dot(difference.RowSpan(t).subspan(head * width, width),
                gradient.RowSpan(offsets_[p] + t).subspan(head * width, width));
      }
    }
  }
}

void PointDots::VisitAttention(SiteKey key, std::size_t prompt,
                               std::size_t head, std::size_t first_query,
                               ConstMatrixView rows) {
  const ConstMatrixView difference = differences_[key.layer].view();
  for (std::size_t i = 0; i < rows.rows && first_query + i < tokens_; ++i) {
    const std::size_t query = first_query + i;
    dots_[Index(key.layer, prompt, head, query)] =
        Dot(difference.RowSpan(head * tokens_ + query).first(query + 1),
            rows.RowSpan(i).first(query + 1));
  }
}

double PointDots::At(std::size_t layer, std::size_t head,
                     std::size_t position) const {
  double sum = 0;
  for (std::size_t p = 0; p < prompts_; ++p) {
    sum += dots_[Index(layer, p, head, position)];
  }
  return sum;
}

double SumOfCell(const PointDots& dots, PatchAxes axes, std::size_t layer,
                 std::size_t column, std::span<const std::size_t> positions) {
  const bool one_head = axes == PatchAxes::kLayerHead;
  double sum = 0;
  for (std::size_t head = 0; head < dots.heads(); ++head) {
    if (one_head && head != column) continue;
    for (const std::size_t position : positions) {
      sum += dots.At(layer, head, position);
    }
  }
  return sum;
}

}  // namespace pellucid
