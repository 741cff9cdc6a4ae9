// Colours of shaded cells: from a value in [0, 1] to what a terminal or a
// figure shows.
//
// The scale is viridis (van der Walt & Smith 2015, the default of matplotlib;
// published under CC0): even to the eye, dark to bright also in grey, and
// readable with the common forms of colour blindness. Figures may use cividis
// (Nunez, Anderton & Renslow 2018), made to look the same with and without
// red-green blindness.
#ifndef PELLUCID_RENDER_PALETTE_H_
#define PELLUCID_RENDER_PALETTE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace pellucid::render {

struct Rgb {
  std::uint8_t r = 0, g = 0, b = 0;
  friend bool operator==(const Rgb&, const Rgb&) = default;
};

// Dark violet at 0, bright yellow at 1; values outside are clamped, NaN counts
// as 0. Within 1 of each channel of the published 256 colours.
Rgb Viridis(double value);

// The same for cividis: dark blue at 0, yellow at 1.
Rgb Cividis(double value);

// For numbers of both signs: dark blue at 0, white at 0.5, dark red at 1, as
// far from white on either side and lighter towards it without a step. Blue and
// red stay apart with the common forms of colour blindness.
Rgb BlueRed(double value);

enum class Colormap { kViridis, kCividis, kBlueRed };

Rgb ColorOf(Colormap map, double value);

// Relative luminance in [0, 1] as WCAG 2.1 defines it.
double Luminance(Rgb color);

// Black or white, whichever has the higher contrast (WCAG 2.1) on `background`.
Rgb TextColorOn(Rgb background);

enum class ColorMode {
  kNone,
  k256,        // xterm's palette
  kTrueColor,  // 24 bits
};

// Viridis in xterm's fixed 256 colours: eleven of its 6x6x6 cube, which get
// lighter all the way (the nearest colour of each value would not), so that
// order can be read from them.
int XtermViridis(double value);

// The colour of index 16..231 of that cube.
Rgb XtermCube(int index);

// The escape sequence that sets the background to viridis of `value`, and the
// text to what can be read on it; nothing for kNone.
std::string Shaded(double value, ColorMode mode);

// The same of another map; in xterm's colours the nearest of the cube.
std::string Shaded(Colormap map, double value, ColorMode mode);

// Ends what Shaded, Dim or Bold began; nothing for kNone.
std::string_view Reset(ColorMode mode);
std::string_view Dim(ColorMode mode);
std::string_view Bold(ColorMode mode);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_PALETTE_H_
