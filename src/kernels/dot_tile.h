// Dots of rows of floats, the inner loop of every product: attention scores,
// linear layers and the lens are made of it. Each dot is in the canonical
// order (kernels/canonical.h), so it does not depend on the others in a tile.
#ifndef PELLUCID_KERNELS_DOT_TILE_H_
#define PELLUCID_KERNELS_DOT_TILE_H_

#include <span>

#include "base/matrix.h"

namespace pellucid::kernels {

// All dots of x [M, K] with w [N, K]: out[m, n]. One thread. Any shapes, K >=
// 1. Fastest where w fits the second cache (64 rows or so): w is read once a
// few rows of x.
void DotTile(ConstMatrixView x, ConstMatrixView w, MatrixView out);

// One dot, a and b [K].
float Dot(std::span<const float> a, std::span<const float> b);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_DOT_TILE_H_
