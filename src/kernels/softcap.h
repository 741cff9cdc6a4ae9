// Soft caps of logits (Gemma 2): a bound that is approached and not reached,
// so that no logit outgrows the others.
#ifndef PELLUCID_KERNELS_SOFTCAP_H_
#define PELLUCID_KERNELS_SOFTCAP_H_

#include <span>

namespace pellucid::kernels {

// x = cap tanh(x / cap), cap > 0: a division, our own tanh (kernels/math.h), a
// product, each rounded. Any vector width gives the same bits.
void SoftCap(float cap, std::span<float> x);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_SOFTCAP_H_
