// Products of many rows of activations with weights, nearly: each row is
// rounded to multiples of its greatest magnitude / 32639, integers of 16 bits,
// whose dots are exact; of activations the two greatest terms of a row stay as
// they are. What the lens is made of at LensPrecision::kFast.
//
// An element is off by at most half a multiple, s_x or s_w, so a dot by about
//   sqrt(K / 12) (s_x rms(w) + s_w rms(x)),
// about 1e-5 of the size of logits. Integers do not care for order: all
// instruction sets and plain loops give the same bits
// (kernels/reference/integer_product.h).
//
// The integers are multiplied as four products of their high and low bytes, so
// that this is faster than float32 only where bytes are multiplied more than
// four times as fast: with tile registers, 32 times, but not with AVX-512 VNNI,
// four times.
#ifndef PELLUCID_KERNELS_INTEGER_PRODUCT_H_
#define PELLUCID_KERNELS_INTEGER_PRODUCT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/matrix.h"
#include "base/scratch.h"
#include "kernels/integer_layout.h"

namespace pellucid::kernels {

// Whether the instruction set in force has tile registers (AMX). Without them
// plain loops do the work, some hundred times slower.
bool HasFastIntegerProducts();

// Whether rows of length k can be multiplied: 32 bits hold their sums.
bool IntegerProductsFit(std::size_t k);

// As ProductRows (kernels/product.h).
class IntegerRows {
 public:
  // Tile i is rows bounds[i] .. bounds[i + 1] - 1 of x [M, K], K >= 1, which
  // outlives this.
  IntegerRows(ConstMatrixView x, std::vector<std::size_t> bounds);

  std::size_t tiles() const { return bounds_.size() - 1; }
  std::size_t cols() const { return x_.cols; }

  void Prepare(std::size_t tile);

 private:
  friend class IntegerBlock;

  ConstMatrixView x_;
  std::vector<std::size_t> bounds_;
  std::vector<std::size_t> starts_;  // of tiles: their first groups of 16
  Scratch groups_;
  std::vector<float> scales_;
  std::vector<Outlier> outliers_;
};

// As ProductBlock (kernels/product.h).
class IntegerBlock {
 public:
  IntegerBlock(std::size_t max_rows, const IntegerRows& x);

  void Load(const WeightView& w, std::size_t begin, std::size_t count);
  void Multiply(const IntegerRows& x, std::size_t tile, MatrixView out) const;

 private:
  std::size_t max_rows_;
  Scratch decoded_, groups_;
  std::vector<float> scales_;
};

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_INTEGER_PRODUCT_H_
