// What the program knows of the terminal it writes to: whether there is one,
// how wide it is, and which colours it shows.
#ifndef PELLUCID_CLI_TERMINAL_H_
#define PELLUCID_CLI_TERMINAL_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include "render/palette.h"  // ColorMode

namespace pellucid::cli {

struct Terminal {
  bool is_terminal = false;
  std::size_t columns = 0;  // 0: no terminal, or of unknown width
  render::ColorMode colors = render::ColorMode::kNone;  // those it can show
  bool no_color = false;  // the user does not want any (NO_COLOR)
};

// Describes the descriptor `fd`. The width is the window's, else COLUMNS; the
// colours are what COLORTERM and TERM say; NO_COLOR (no-color.org) counts if
// set and not empty.
Terminal DescribeTerminal(int fd);

enum class ColorChoice { kAuto, kNever, kAlways };

// "auto", "never", "always".
std::optional<ColorChoice> ColorChoiceFromName(std::string_view name);

// kAlways holds off a terminal and over NO_COLOR too; a terminal that says
// nothing of its colours then gets xterm's 256.
render::ColorMode ColorsFor(ColorChoice choice, const Terminal& terminal);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_TERMINAL_H_
