// Measures and letters that the figures share, in points: figures of one paper
// look alike. No colour here is part of a scale.
#ifndef PELLUCID_RENDER_FIGURE_STYLE_H_
#define PELLUCID_RENDER_FIGURE_STYLE_H_

#include "render/palette.h"
#include "render/text_painter.h"

namespace pellucid::render {

inline constexpr double kMargin = 14;
inline constexpr double kGap = 6;        // between neighbouring parts
inline constexpr double kHeadLine = 12;  // a line of small text
inline constexpr double kPointsPerInch = 72;

inline constexpr Rgb kBlack{0, 0, 0};
inline constexpr Rgb kGrey{0x66, 0x66, 0x66};
inline constexpr Rgb kPale{0xdd, 0xdd, 0xdd};  // lines behind the data

inline constexpr TextStyle kTitleText{
    .size = 12, .bold = true, .color = kBlack, .max_lines = 2};
inline constexpr TextStyle kPromptText{
    .size = 9, .color = kBlack, .max_lines = 2};
inline constexpr TextStyle kNoteText{
    .size = 8, .color = kBlack, .max_lines = 3};
inline constexpr TextStyle kTokenText{.size = 8, .color = kBlack};
inline constexpr TextStyle kSmallText{.size = 7.5, .color = kGrey};

// `style` cut or wrapped to `width`.
inline TextStyle Within(TextStyle style, double width) {
  style.max_width = width;
  return style;
}

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_FIGURE_STYLE_H_
