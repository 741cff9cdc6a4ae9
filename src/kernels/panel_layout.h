// How panels lie in memory: what packing them and multiplying them share.
// Private to kernels/panel.h, which says what they are for.
#ifndef PELLUCID_KERNELS_PANEL_LAYOUT_H_
#define PELLUCID_KERNELS_PANEL_LAYOUT_H_

#include <array>
#include <cstddef>

#include "kernels/canonical.h"

namespace pellucid::kernels {

// Rows of x in a strip and of w in a panel: a tile of 6 x 16 outputs is 12 of
// AVX2's 16 registers, or 24 of NEON's 32; of four panels, 24 of AVX-512's.
inline constexpr std::size_t kStripRows = 6;
inline constexpr std::size_t kPanelRows = 16;

// Where the terms k = j (mod 16) lie: j with its four bits reversed, so that
// partials come in the order 0, 8, 4, 12, ... in which FoldPartials
// (kernels/canonical.h) pairs them.
inline constexpr std::array<std::size_t, kPartials> kSectionOf = {
    0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};

constexpr std::size_t StepsOf(std::size_t k) {
  return (k + kPartials - 1) / kPartials;
}

constexpr std::size_t PanelsOf(std::size_t rows) {
  return (rows + kPanelRows - 1) / kPanelRows;
}
constexpr std::size_t StripsOf(std::size_t rows) {
  return (rows + kStripRows - 1) / kStripRows;
}
// How many of `left` rows the next of `parts` strips takes (or of panels, the
// next tile): about equal parts, since a strip of one row takes half the time
// of one of six.
constexpr std::size_t ShareOf(std::size_t left, std::size_t parts) {
  return (left + parts - 1) / parts;
}

// Floats from one section to the next. Strips are packed eight lanes at a time,
// which may overhang. An odd number of cache lines keeps the 16 sections of a
// panel apart in the cache.
constexpr std::size_t RowSection(std::size_t rows, std::size_t steps) {
  return steps * rows + 8;
}
constexpr std::size_t PanelSection(std::size_t steps) {
  return (steps | 1) * kPanelRows;
}

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_PANEL_LAYOUT_H_
