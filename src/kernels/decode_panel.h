// Weights straight into a panel (kernels/panel.h). Rows are not decoded one by
// one and turned around as floats: their bytes are turned around first, a word
// of each of 16 rows in a register, of which an eighth is a nibble for each of
// 16 outputs. That leaves 4 to 8 times fewer registers to turn, and the floats
// are written once: half to a third of the time of both steps.
#ifndef PELLUCID_KERNELS_DECODE_PANEL_H_
#define PELLUCID_KERNELS_DECODE_PANEL_H_

#include <cstddef>

#include "base/matrix.h"

namespace pellucid::kernels {

// Whether DecodePanel reads `w`: ggml's Q4_0, Q4_1, Q8_0, Q4_K, Q5_K and Q6_K,
// MLX's 4 and 8 bits, F16 and BF16 in rows of whole blocks.
bool CanDecodePanel(const WeightView& w);

// Decodes rows [begin, begin + count) of `w`, count 1 to 16, and packs them
// into PackedPanelFloats(count, w.cols) floats at `to`, aligned to 64 bytes:
// the floats of DecodeRows and PackPanels.
void DecodePanel(const WeightView& w, std::size_t begin, std::size_t count,
                 float* to);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_DECODE_PANEL_H_
