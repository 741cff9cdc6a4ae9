#include "render/palette.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <span>

namespace pellucid::render {
namespace {

// Entries of the published tables from which straight lines stay within 1 of
// all 256 (found by dynamic programming over all subsets of entries).
struct Anchor {
  int index;
  Rgb color;
};
constexpr std::array<Anchor, 15> kViridis = {{
    {0, {0x44, 0x01, 0x54}},
    {17, {0x48, 0x1a, 0x6c}},
    {35, {0x46, 0x30, 0x7e}},
    {58, {0x3e, 0x4c, 0x8a}},
    {93, {0x2d, 0x70, 0x8e}},
    {129, {0x20, 0x92, 0x8c}},
    {144, {0x1f, 0xa0, 0x88}},
    {157, {0x25, 0xac, 0x82}},
    {172, {0x38, 0xb9, 0x77}},
    {184, {0x4e, 0xc3, 0x6b}},
    {203, {0x77, 0xd1, 0x53}},
    {233, {0xc5, 0xe0, 0x21}},
    {242, {0xdd, 0xe3, 0x18}},
    {248, {0xec, 0xe5, 0x1b}},
    {255, {0xfd, 0xe7, 0x25}},
}};

constexpr std::array<Anchor, 14> kCividis = {{
    {0, {0x00, 0x22, 0x4e}},
    {17, {0x00, 0x2e, 0x6c}},
    {23, {0x01, 0x32, 0x71}},
    {26, {0x0c, 0x34, 0x70}},
    {32, {0x1a, 0x38, 0x6f}},
    {47, {0x31, 0x43, 0x6d}},
    {83, {0x55, 0x5c, 0x6d}},
    {130, {0x7e, 0x7d, 0x78}},
    {162, {0x9d, 0x95, 0x76}},
    {195, {0xbf, 0xb0, 0x6b}},
    {224, {0xde, 0xc9, 0x58}},
    {241, {0xf1, 0xd9, 0x45}},
    {251, {0xfd, 0xe3, 0x34}},
    {255, {0xfe, 0xe8, 0x38}},
}};

// White to the ends of BlueRed; equal luminance at equal distance, give or take
// 0.02.
constexpr std::array<Anchor, 4> kBlues = {{
    {0, {0xf7, 0xf7, 0xf7}},
    {85, {0xb4, 0xcf, 0xec}},
    {170, {0x5a, 0x8f, 0xc8}},
    {255, {0x14, 0x46, 0x82}},
}};
constexpr std::array<Anchor, 4> kReds = {{
    {0, {0xf7, 0xf7, 0xf7}},
    {85, {0xf5, 0xc2, 0xa8}},
    {170, {0xdc, 0x71, 0x5a}},
    {255, {0x96, 0x0f, 0x28}},
}};

std::uint8_t Mix(std::uint8_t from, std::uint8_t to, double share) {
  const double mixed = from + (to - from) * share;
  return static_cast<std::uint8_t>(std::lround(mixed));
}

// The colour of `value` on straight lines between `anchors`.
Rgb Between(std::span<const Anchor> anchors, double value) {
  const double at = value > 0 ? std::min(value, 1.0) * 255.0 : 0.0;
  std::size_t i = 1;
  while (i + 1 < anchors.size() && anchors[i].index < at) ++i;
  const Anchor& a = anchors[i - 1];
  const Anchor& b = anchors[i];
  const double share = (at - a.index) / (b.index - a.index);
  return {Mix(a.color.r, b.color.r, share), Mix(a.color.g, b.color.g, share),
          Mix(a.color.b, b.color.b, share)};
}

// sRGB channel to linear light.
double Linear(std::uint8_t channel) {
  const double c = channel / 255.0;
  return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

// Where each colour of the ramp begins, in 255ths: from there on it is the
// ramp's nearest to viridis in RGB.
struct Step {
  int from;
  int index;
};
constexpr std::array<Step, 11> kXtermRamp = {{{0, 53},
                                              {24, 54},
                                              {50, 24},
                                              {98, 30},
                                              {140, 36},
                                              {167, 72},
                                              {180, 77},
                                              {202, 113},
                                              {218, 149},
                                              {228, 184},
                                              {248, 220}}};

constexpr std::array<std::uint8_t, 6> kLevels = {0, 95, 135, 175, 215, 255};

// The colour of the cube whose channels are nearest.
int NearestCube(Rgb color) {
  const auto nearest = [](std::uint8_t channel) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < kLevels.size(); ++i) {
      if (std::abs(kLevels[i] - channel) < std::abs(kLevels[best] - channel)) {
        best = i;
      }
    }
    return static_cast<int>(best);
  };
  return 16 + 36 * nearest(color.r) + 6 * nearest(color.g) + nearest(color.b);
}

}  // namespace

Rgb Viridis(double value) { return Between(kViridis, value); }
Rgb Cividis(double value) { return Between(kCividis, value); }

Rgb BlueRed(double value) {
  const double signed_part = 2 * value - 1;
  return signed_part < 0 ? Between(kBlues, -signed_part)
                         : Between(kReds, signed_part);
}

Rgb ColorOf(Colormap map, double value) {
  switch (map) {
    case Colormap::kViridis:
      return Viridis(value);
    case Colormap::kCividis:
      return Cividis(value);
    case Colormap::kBlueRed:
      return BlueRed(value);
  }
  return {};
}

double Luminance(Rgb color) {
  return 0.2126 * Linear(color.r) + 0.7152 * Linear(color.g) +
         0.0722 * Linear(color.b);
}

Rgb TextColorOn(Rgb background) {
  // Contrast is (lighter + 0.05) / (darker + 0.05): with white 1.05 / (L +
  // 0.05), with black (L + 0.05) / 0.05. They meet at sqrt(1.05 * 0.05).
  const double luminance = Luminance(background) + 0.05;
  return luminance * luminance > 1.05 * 0.05 ? Rgb{0, 0, 0}
                                             : Rgb{255, 255, 255};
}

int XtermViridis(double value) {
  int index = kXtermRamp[0].index;
  for (const Step& step : kXtermRamp) {
    if (value * 255.0 >= step.from) index = step.index;
  }
  return index;
}

Rgb XtermCube(int index) {
  const std::size_t at = static_cast<std::size_t>(index - 16);
  return {kLevels[at / 36], kLevels[at / 6 % 6], kLevels[at % 6]};
}

std::string Shaded(double value, ColorMode mode) {
  return Shaded(Colormap::kViridis, value, mode);
}

std::string Shaded(Colormap map, double value, ColorMode mode) {
  if (mode == ColorMode::kNone) return {};
  const Rgb background = ColorOf(map, value);
  if (mode == ColorMode::k256) {
    const int index = map == Colormap::kViridis ? XtermViridis(value)
                                                : NearestCube(background);
    const bool dark_text = TextColorOn(XtermCube(index)) == Rgb{0, 0, 0};
    return fmt::format("\x1b[38;5;{};48;5;{}m", dark_text ? 16 : 231, index);
  }
  const Rgb text = TextColorOn(background);
  return fmt::format("\x1b[38;2;{};{};{};48;2;{};{};{}m", text.r, text.g,
                     text.b, background.r, background.g, background.b);
}

std::string_view Reset(ColorMode mode) {
  return mode == ColorMode::kNone ? "" : "\x1b[0m";
}
std::string_view Dim(ColorMode mode) {
  return mode == ColorMode::kNone ? "" : "\x1b[2m";
}
std::string_view Bold(ColorMode mode) {
  return mode == ColorMode::kNone ? "" : "\x1b[1m";
}

}  // namespace pellucid::render
