// Products of many rows of activations with weights that are read a block at a
// time: what linear layers and the lens are made of. Both operands are first
// brought into the form that is fastest for their shape on the instruction set
// in force: panels (kernels/panel.h), or rows as they lie (kernels/dot_tile.h).
// Each dot is in the canonical order (kernels/canonical.h) either way.
#ifndef PELLUCID_KERNELS_PRODUCT_H_
#define PELLUCID_KERNELS_PRODUCT_H_

#include <cstddef>
#include <vector>

#include "base/matrix.h"
#include "base/scratch.h"

namespace pellucid::kernels {

// Rows of activations, in tiles that are multiplied with a block of weights
// one at a time.
class ProductRows {
 public:
  // Tile i is rows bounds[i] .. bounds[i + 1] - 1 of x [M, K], K >= 1, which
  // outlives this. `as_panels`: the form, of which PanelsPay tells the faster.
  ProductRows(ConstMatrixView x, std::vector<std::size_t> bounds,
              bool as_panels);
  // In the form that pays with `w`.
  ProductRows(ConstMatrixView x, std::vector<std::size_t> bounds,
              const WeightView& w);

  std::size_t tiles() const { return bounds_.size() - 1; }
  std::size_t cols() const { return x_.cols; }
  bool as_panels() const { return !starts_.empty(); }

  // The rows of a matrix of as many rows that belong to tile i.
  MatrixView OfTile(std::size_t tile, MatrixView y) const {
    return y.Rows(bounds_[tile], bounds_[tile + 1] - bounds_[tile]);
  }

  // Brings tile i into form: once, before it is multiplied. Threads may take
  // tiles of their own.
  void Prepare(std::size_t tile);

 private:
  friend class ProductBlock;

  ConstMatrixView x_;
  std::vector<std::size_t> bounds_;
  std::vector<std::size_t> starts_;  // of tiles among packed_, if packed
  Scratch packed_;
};

// A block of weight rows, decoded. Belongs to one thread.
class ProductBlock {
 public:
  // For blocks of up to `max_rows` rows, to be multiplied with `x`.
  ProductBlock(std::size_t max_rows, const ProductRows& x);

  // Reads rows [begin, begin + count) of w, count <= max_rows.
  void Load(const WeightView& w, std::size_t begin, std::size_t count);

  // All dots of tile `tile` of x with the block: out [rows of the tile, count].
  void Multiply(const ProductRows& x, std::size_t tile, MatrixView out) const;

 private:
  void LoadPanels(const WeightView& w, std::size_t begin, std::size_t count);
  void DecodeThenPack(const WeightView& w, std::size_t begin, std::size_t count,
                      float* to);

  std::size_t max_rows_;
  bool as_panels_;
  Scratch rows_, panels_;
  ConstMatrixView view_;  // the block as rows, where it is not in panels
};

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_PRODUCT_H_
