// Gemma 3 (Gemma Team 2025), whatever file it comes in. Beside what gemma.h
// says: the four norms of Gemma 2 but none of its caps (unless one is asked for
// on the logits), norms of each head's queries and keys before they turn, and
// blocks of two kinds: most see a window and turn by a base of their own, every
// sixth sees all and turns by another, which may be stretched.
#ifndef PELLUCID_MODEL_FAMILIES_GEMMA3_H_
#define PELLUCID_MODEL_FAMILIES_GEMMA3_H_

#include <cstddef>
#include <vector>

#include "model/arch_spec.h"

namespace pellucid::families {

inline constexpr std::size_t kGemma3Pattern = 6;
inline constexpr double kGemma3LocalTheta = 10000;

ArchSpec MakeGemma3Spec();

// Every block but the last of each `pattern` slides.
std::vector<bool> Gemma3Slides(std::size_t n_layers, std::size_t pattern);

// Blocks that slide turn by the second of ArchSpec::ropes, whose table is a
// site.
void UseLocalRope(const std::vector<bool>& slides, ArchSpec& spec);

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_GEMMA3_H_
