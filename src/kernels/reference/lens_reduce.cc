#include "kernels/reference/lens_reduce.h"

#include <cmath>

#include "kernels/math.h"

namespace pellucid::kernels::reference {

void MaxOfRows(ConstMatrixView z, LensRowMax* max) {
  for (std::size_t r = 0; r < z.rows; ++r) {
    float greatest = z.Row(r)[0];
    bool plain = true;
    for (const float v : z.RowSpan(r)) {
      greatest = v > greatest ? v : greatest;
      plain = plain && std::abs(v) <= kMaxPlainLogit;  // not NaN
    }
    max[r] = {greatest, ExpExponent(greatest), plain};
  }
}

void ExpOfRow(const float* z, const LensScale& scale, float* e) {
  for (std::size_t i = 0; i < kVocabBlock; ++i) {
    const float x = z[i] - scale.shift;
    e[i] = ExpRelative(x < kLeastLensExponent ? kLeastLensExponent : x,
                       scale.relative_to);
  }
}

void SumRows(ConstMatrixView z, const LensScale* scales, const float* final_e,
             LensRowSums* sums) {
  for (std::size_t r = 0; r < z.rows; ++r) {
    float e[kVocabBlock];
    ExpOfRow(z.Row(r), scales[r], e);
    float exp[kPartials] = {}, exp_z[kPartials] = {}, final_z[kPartials] = {};
    for (std::size_t i = 0; i < kVocabBlock; ++i) {
      const std::size_t j = i % kPartials;
      const float above = z.Row(r)[i] - scales[r].origin;
      // An exponential of 0 takes no part where its z may be infinite.
      const auto taken = [&](float exponential) {
        return scales[r].plain || exponential > 0 ? above : 0.0f;
      };
      exp[j] += e[i];
      exp_z[j] = std::fma(e[i], taken(e[i]), exp_z[j]);
      final_z[j] = std::fma(final_e[i], taken(final_e[i]), final_z[j]);
    }
    sums[r] = {FoldPartials(exp), FoldPartials(exp_z), FoldPartials(final_z)};
  }
}

std::uint64_t GreaterMask(std::span<const float> logits, float value) {
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] > value) mask |= std::uint64_t{1} << i;
  }
  return mask;
}

std::size_t CountGreater(std::span<const float> logits, float value) {
  std::size_t count = 0;
  for (const float logit : logits) count += logit > value ? 1 : 0;
  return count;
}

}  // namespace pellucid::kernels::reference
