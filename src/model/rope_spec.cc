#include "model/rope_spec.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

#include "kernels/math.h"

namespace pellucid {
namespace {

// YaRN: the dimension whose wavelength makes `turns` in the original context.
double CorrectionDim(double turns, std::size_t dims, double base,
                     double context) {
  return static_cast<double>(dims) *
         kernels::Log64(context / (turns * 2 * std::numbers::pi)) /
         (2 * kernels::Log64(base));
}

std::vector<float> DividedFrequencies(double base,
                                      std::span<const float> factors,
                                      std::size_t dims) {
  assert(factors.size() == dims / 2);
  const auto base32 = static_cast<float>(base);
  std::vector<float> out(factors.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(dims);
    const auto power = static_cast<float>(kernels::Pow64(base32, exponent));
    out[i] = 1.0f / (factors[i] * power);
  }
  return out;
}

}  // namespace

std::vector<float> RopeSpec::FrequenciesFor(std::size_t length) const {
  if (switch_length == 0 || length <= switch_length) return inv_freq;
  if (!long_inv_freq.empty()) return long_inv_freq;
  const double stretch = factor * static_cast<double>(length) /
                             static_cast<double>(switch_length) -
                         (factor - 1);
  const auto width = static_cast<double>(dims);
  return kernels::InverseFrequencies(
      base * kernels::Pow64(stretch, width / (width - 2)), dims);
}

bool RopeSpec::SameTable(std::size_t one_length,
                         std::size_t other_length) const {
  if (switch_length == 0 || one_length == other_length) return true;
  const bool one_long = one_length > switch_length;
  const bool other_long = other_length > switch_length;
  if (one_long != other_long) return false;
  return !one_long || !long_inv_freq.empty();
}

RopeSpec PlainRope(double base, std::size_t dims) {
  RopeSpec rope;
  rope.dims = dims;
  rope.inv_freq = kernels::InverseFrequencies(base, dims);
  return rope;
}

void DivideFrequencies(std::span<const float> divisors, RopeSpec& rope) {
  assert(divisors.size() == 1 || divisors.size() == rope.inv_freq.size());
  for (std::size_t i = 0; i < rope.inv_freq.size(); ++i) {
    rope.inv_freq[i] /= divisors[divisors.size() == 1 ? 0 : i];
  }
}

void StretchDynamic(double base, double factor, std::size_t context,
                    RopeSpec& rope) {
  rope.switch_length = context;
  rope.base = base;
  rope.factor = factor;
}

std::vector<float> Llama3Divisors(std::span<const float> inv_freq,
                                  const Llama3Scaling& scaling) {
  constexpr auto kTurn = static_cast<float>(2 * std::numbers::pi);
  const float longest = scaling.original_context / scaling.low_freq_factor;
  const float shortest = scaling.original_context / scaling.high_freq_factor;
  std::vector<float> divisors;
  divisors.reserve(inv_freq.size());
  for (const float frequency : inv_freq) {
    const float wavelength = 1 / frequency * kTurn;
    if (wavelength < shortest) {
      divisors.push_back(1);
    } else if (wavelength > longest) {
      divisors.push_back(scaling.factor);
    } else {
      const float smooth = (1 / wavelength * scaling.original_context -
                            scaling.low_freq_factor) /
                           (scaling.high_freq_factor - scaling.low_freq_factor);
      divisors.push_back(1 / ((1 - smooth) / scaling.factor + smooth));
    }
  }
  return divisors;
}

void StretchYarn(double base, const YarnScaling& scaling, RopeSpec& rope) {
  const std::size_t dims = rope.dims;
  double low =
      CorrectionDim(scaling.beta_fast, dims, base, scaling.original_context);
  double high =
      CorrectionDim(scaling.beta_slow, dims, base, scaling.original_context);
  if (scaling.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(dims) - 1);
  if (low == high) high += 0.001;
  const auto factor = static_cast<float>(scaling.factor);
  for (std::size_t i = 0; i < rope.inv_freq.size(); ++i) {
    const float at = (static_cast<float>(i) - static_cast<float>(low)) /
                     static_cast<float>(high - low);
    const float kept = 1 - std::clamp(at, 0.0f, 1.0f);
    const float power = 1 / rope.inv_freq[i];
    rope.inv_freq[i] =
        1 / (factor * power) * (1 - kept) + rope.inv_freq[i] * kept;
  }
}

double YarnMagnitude(double factor, double mscale) {
  return factor <= 1 ? 1 : 0.1 * mscale * kernels::Log64(factor) + 1;
}

void StretchLong(double base, std::span<const float> short_factors,
                 std::span<const float> long_factors,
                 std::size_t original_context, RopeSpec& rope) {
  rope.inv_freq = DividedFrequencies(base, short_factors, rope.dims);
  rope.long_inv_freq = DividedFrequencies(base, long_factors, rope.dims);
  rope.switch_length = original_context;
}

double LongMagnitude(double factor, double original_context) {
  if (factor <= 1) return 1;
  return std::sqrt(1 +
                   kernels::Log64(factor) / kernels::Log64(original_context));
}

}  // namespace pellucid
