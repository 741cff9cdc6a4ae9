#include "tokenizer/decimal_score.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pellucid {
namespace {

// The shortest form of a double has at most 17 digits, which 64 bits hold.
constexpr std::size_t kMaxText = 32;

// The largest whose power of ten is a double; smaller numbers take two steps.
constexpr int kMaxExponent = 308;

// Those that a double holds exactly; the scores of real files need no other.
constexpr std::array<double, 23> MakeExactPowers() {
  std::array<double, 23> powers{};
  double power = 1;
  for (double& p : powers) {
    p = power;
    power *= 10;
  }
  return powers;
}
constexpr std::array<double, 23> kExactPowers = MakeExactPowers();

double PowerOfTen(int exponent) {
  const auto i = static_cast<std::size_t>(exponent);
  if (i < kExactPowers.size()) return kExactPowers[i];
  std::array<char, kMaxText> text{'1', 'e'};
  char* end =
      std::to_chars(text.data() + 2, text.data() + text.size(), exponent).ptr;
  double power = 0;
  std::from_chars(text.data(), end, power);
  return power;
}

}  // namespace

double DecimalScore(double score) {
  std::array<char, kMaxText> text;
  const char* end =
      std::to_chars(text.data(), text.data() + text.size(), std::abs(score),
                    std::chars_format::scientific)
          .ptr;
  const std::string_view number(text.data(),
                                static_cast<std::size_t>(end - text.data()));
  const std::size_t e = number.find('e');
  std::uint64_t digits = 0;
  int exponent = 0;
  const bool has_sign = number[e + 1] == '+';  // which from_chars does not take
  std::from_chars(text.data() + e + (has_sign ? 2 : 1), end, exponent);
  for (const char c : number.substr(0, e)) {
    if (c == '.') continue;
    digits = 10 * digits + static_cast<std::uint64_t>(c - '0');
  }
  exponent -= e > 1 ? static_cast<int>(e) - 2 : 0;  // digits behind the point
  double value = static_cast<double>(digits);
  if (exponent < -kMaxExponent) {
    value /= PowerOfTen(kMaxExponent);
    exponent += kMaxExponent;
  }
  value = exponent < 0 ? value / PowerOfTen(-exponent)
                       : value * PowerOfTen(exponent);
  return std::copysign(value, score);
}

}  // namespace pellucid
