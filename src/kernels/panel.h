// Dots of many rows of floats by way of panels: copies of both operands in
// which the numbers that are multiplied next lie next to each other. Packing
// costs a pass over each operand and wins with more than a few rows: lanes are
// outputs, so no sum is ever folded across lanes, and a step of a register tile
// loads 8 registers for 12 multiply-adds on AVX2 instead of 10
// (kernels/dot_tile.h). On AVX-512 both load 10 for 24; a product of
// 512 by 1536 by 576 reaches 0.80 of one core's peak with panels and 0.62 with
// rows as they lie (Xeon of 2024, noisy).
//
// Each dot is in the canonical order (kernels/canonical.h) all the same. Its 16
// partials are computed one after another, j = 0, 8, 4, 12, 2, ..., so that
// each can be added to its other half soon; the operands lie in that order.
#ifndef PELLUCID_KERNELS_PANEL_H_
#define PELLUCID_KERNELS_PANEL_H_

#include <cstddef>

#include "base/matrix.h"

namespace pellucid::kernels {

// Whether panels are the faster way for `rows` rows of x of length `k` on the
// instruction set in force; `unpacked`: with weights that are decoded straight
// into panels.
bool PanelsPay(std::size_t rows, std::size_t k, bool unpacked);

// Panels of 16 rows of w that a register tile takes on the instruction set in
// force, 4 or 1.
std::size_t PanelsAtOnce();

// Floats that `rows` packed rows of x take, all packed by one call.
std::size_t PackedRowFloats(std::size_t rows, std::size_t k);
// Floats that `rows` packed rows of w take.
std::size_t PackedPanelFloats(std::size_t rows, std::size_t k);

// Packs x [M, K], K >= 1, into PackedRowFloats(M, K) floats at `to`.
void PackRows(ConstMatrixView x, float* to);

// Packs w [N, K] into PackedPanelFloats(N, K) floats at `to`, aligned to 64
// bytes.
void PackPanels(ConstMatrixView w, float* to);

// The same for up to 16 rows, one part after another: columns [first, first +
// w.cols) of rows of length k, both whole steps of 16 but for the last part.
void PackPanelColumns(ConstMatrixView w, std::size_t first, std::size_t k,
                      float* to);

// All dots of the packed rows of x with those of w, both of length k: out [M,
// N]. One thread.
void MultiplyPanels(const float* x, const float* w, std::size_t k,
                    MatrixView out);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_PANEL_H_
