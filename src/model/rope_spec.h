// The rotary embedding of a block as data (Su et al. 2021), and the ways to
// stretch it to longer sequences than a model was trained on. The arithmetic is
// float32 in the order of transformers' modeling_rope_utils, unless said.
#ifndef PELLUCID_MODEL_ROPE_SPEC_H_
#define PELLUCID_MODEL_ROPE_SPEC_H_

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/rope.h"

namespace pellucid {

struct RopeSpec {
  std::size_t dims = 0;  // of a head, even; those beyond pass through
  kernels::RopePairs pairs = kernels::RopePairs::kHalves;
  std::vector<float> inv_freq;  // [dims / 2], radians a position
  float scale = 1;              // of cosines and sines

  // Sequences of more than `switch_length` tokens have other frequencies: those
  // of `long_inv_freq`, or, where it is empty, those of a base that grows with
  // the length (dynamic NTK, by `base` and `factor`). 0: never.
  std::size_t switch_length = 0;
  std::vector<float> long_inv_freq;
  double base = 0;
  double factor = 1;

  // Of a sequence of `length` tokens.
  std::vector<float> FrequenciesFor(std::size_t length) const;
  // Whether sequences of both lengths have the same frequencies.
  bool SameTable(std::size_t one_length, std::size_t other_length) const;
};

// No stretching: 1 / base^(2i / dims).
RopeSpec PlainRope(double base, std::size_t dims);

// inv_freq[i] /= divisors[i]; one divisor for all, or one each.
void DivideFrequencies(std::span<const float> divisors, RopeSpec& rope);

// Dynamic NTK: up to `context` tokens plain, beyond with the base times
// (factor L / context - (factor - 1))^(dims / (dims - 2)).
void StretchDynamic(double base, double factor, std::size_t context,
                    RopeSpec& rope);

// How Llama 3.1 and later stretch the rotary embedding.
struct Llama3Scaling {
  float factor = 1;
  float low_freq_factor = 1;
  float high_freq_factor = 1;
  float original_context = 1;
};

// The divisor of each frequency: 1 for short wavelengths, the factor for long
// ones, between them so that Hugging Face's blend of both comes out. The
// arithmetic, float32 in this order, is that of the converter to GGUF, so that
// a folder and the file made from it agree to the bit; against Hugging Face a
// frequency may differ in its last bit.
std::vector<float> Llama3Divisors(std::span<const float> inv_freq,
                                  const Llama3Scaling& scaling);

// Peng et al. 2023: long wavelengths are interpolated, short ones kept, between
// `beta_slow` and `beta_fast` turns in the original context a ramp.
struct YarnScaling {
  double factor = 1;
  double beta_fast = 32;
  double beta_slow = 1;
  double original_context = 1;
  bool truncate = true;  // ends of the ramp are whole dimensions
};

void StretchYarn(double base, const YarnScaling& scaling, RopeSpec& rope);

// YaRN's factor of cosines and sines: 0.1 mscale ln(factor) + 1; 1 where factor
// <= 1.
double YarnMagnitude(double factor, double mscale = 1);

// Ding et al. 2024 (LongRoPE): a divisor a frequency, others for sequences
// beyond the original context. `short_factors`, `long_factors` [dims / 2].
void StretchLong(double base, std::span<const float> short_factors,
                 std::span<const float> long_factors,
                 std::size_t original_context, RopeSpec& rope);

// Its factor of cosines and sines: sqrt(1 + ln(factor) / ln(original)); 1 where
// factor <= 1. It holds for short sequences too.
double LongMagnitude(double factor, double original_context);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_ROPE_SPEC_H_
