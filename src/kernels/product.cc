#include "kernels/product.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "kernels/decode.h"
#include "kernels/decode_panel.h"
#include "kernels/dot_tile.h"
#include "kernels/panel.h"
#include "kernels/panel_layout.h"
#include "kernels/weight_part.h"

namespace pellucid::kernels {
namespace {

// Columns of a panel that are decoded before they are packed: 16 KiB, which are
// still in the nearest cache then. Whole blocks of each format.
constexpr std::size_t kDecodedCols = 256;

}  // namespace

ProductRows::ProductRows(ConstMatrixView x, std::vector<std::size_t> bounds,
                         const WeightView& w)
    : ProductRows(x, std::move(bounds),
                  PanelsPay(x.rows, x.cols, CanDecodePanel(w))) {}

ProductRows::ProductRows(ConstMatrixView x, std::vector<std::size_t> bounds,
                         bool as_panels)
    : x_(x), bounds_(std::move(bounds)) {
  assert(!bounds_.empty() && bounds_.back() <= x.rows);
  if (!as_panels) return;
  std::size_t floats = 0;
  starts_.reserve(tiles());
  for (std::size_t i = 0; i < tiles(); ++i) {
    starts_.push_back(floats);
    floats += PackedRowFloats(bounds_[i + 1] - bounds_[i], x.cols);
  }
  packed_ = Scratch(floats);
}

void ProductRows::Prepare(std::size_t tile) {
  if (!as_panels()) return;
  const std::size_t begin = bounds_[tile], end = bounds_[tile + 1];
  PackRows(x_.Rows(begin, end - begin), packed_.data() + starts_[tile]);
}

ProductBlock::ProductBlock(std::size_t max_rows, const ProductRows& x)
    : max_rows_(max_rows), as_panels_(x.as_panels()) {
  const std::size_t rows =
      as_panels_ ? std::min(kPanelRows, max_rows) : max_rows;
  rows_ = Scratch(rows * Scratch::RowFloats(x.cols()));
  if (as_panels_) panels_ = Scratch(PackedPanelFloats(max_rows, x.cols()));
}

void ProductBlock::Load(const WeightView& w, std::size_t begin,
                        std::size_t count) {
  assert(count > 0 && count <= max_rows_);
  if (as_panels_) return LoadPanels(w, begin, count);
  view_ = RowsInPlace(w, begin, count);
  if (view_.data != nullptr) return;
  const MatrixView decoded = rows_.Rows(count, w.cols);
  DecodeRows(w, begin, decoded);
  view_ = decoded;
}

void ProductBlock::LoadPanels(const WeightView& w, std::size_t begin,
                              std::size_t count) {
  if (const ConstMatrixView rows = RowsInPlace(w, begin, count);
      rows.data != nullptr) {
    return PackPanels(rows, panels_.data());
  }
  float* to = panels_.data();
  for (std::size_t r = 0; r < count; r += kPanelRows) {
    const std::size_t rows = std::min(kPanelRows, count - r);
    if (CanDecodePanel(w)) {
      DecodePanel(w, begin + r, rows, to);
    } else {
      DecodeThenPack(w, begin + r, rows, to);
    }
    to += PackedPanelFloats(rows, w.cols);
  }
}

void ProductBlock::DecodeThenPack(const WeightView& w, std::size_t begin,
                                  std::size_t count, float* to) {
  // Scales that lie beside the elements go with whole rows.
  const std::size_t most = w.HasGroups() ? w.cols : kDecodedCols;
  for (std::size_t c = 0; c < w.cols; c += most) {
    const std::size_t cols = std::min(most, w.cols - c);
    const MatrixView decoded = rows_.Rows(count, cols);
    DecodeRows(cols == w.cols ? w : ColumnsOf(w, c, cols), begin, decoded);
    PackPanelColumns(decoded, c, w.cols, to);
  }
}

void ProductBlock::Multiply(const ProductRows& x, std::size_t tile,
                            MatrixView out) const {
  if (as_panels_) {
    const float* rows = x.packed_.data() + x.starts_[tile];
    return MultiplyPanels(rows, panels_.data(), x.cols(), out);
  }
  const std::size_t begin = x.bounds_[tile];
  DotTile(x.x_.Rows(begin, x.bounds_[tile + 1] - begin), view_, out);
}

}  // namespace pellucid::kernels
