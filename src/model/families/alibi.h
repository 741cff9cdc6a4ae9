// The slopes of attention with linear biases (ALiBi), as BLOOM and Falcon have
// them: one rule, in the arithmetic of transformers' float32.
#ifndef PELLUCID_MODEL_FAMILIES_ALIBI_H_
#define PELLUCID_MODEL_FAMILIES_ALIBI_H_

#include <cstddef>
#include <vector>

namespace pellucid::families {

// Of n heads, n a power of two: b, b^2, ... b^n with b = 2^(-8 / n). Of other
// numbers: those of the power of two below, then every other one of the power
// above, b first (Press et al. 2022, section 3). Each base and each power is
// rounded to float32.
std::vector<float> AlibiSlopes(std::size_t n_heads);

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_ALIBI_H_
