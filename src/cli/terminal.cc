#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

namespace pellucid::cli {
namespace {

using render::ColorMode;

std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::size_t Columns(int fd) {
  winsize window{};
  if (::ioctl(fd, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) {
    return window.ws_col;
  }
  const std::string_view set = Environment("COLUMNS");
  std::size_t columns = 0;
  std::from_chars(set.data(), set.data() + set.size(), columns);
  return columns;
}

ColorMode TerminalColors() {
  const std::string_view term = Environment("TERM");
  const std::string_view color = Environment("COLORTERM");
  if (term == "dumb") return ColorMode::kNone;
  if (color == "truecolor" || color == "24bit") return ColorMode::kTrueColor;
  // Terminals of the last twenty years show 256 even where TERM is modest.
  return term.empty() ? ColorMode::kNone : ColorMode::k256;
}

}  // namespace

Terminal DescribeTerminal(int fd) {
  Terminal terminal;
  terminal.is_terminal = ::isatty(fd) == 1;
  if (terminal.is_terminal) terminal.columns = Columns(fd);
  terminal.colors = TerminalColors();
  terminal.no_color = !Environment("NO_COLOR").empty();
  return terminal;
}

std::optional<ColorChoice> ColorChoiceFromName(std::string_view name) {
  if (name == "auto") return ColorChoice::kAuto;
  if (name == "never") return ColorChoice::kNever;
  if (name == "always") return ColorChoice::kAlways;
  return std::nullopt;
}

render::ColorMode ColorsFor(ColorChoice choice, const Terminal& terminal) {
  if (choice == ColorChoice::kNever) return ColorMode::kNone;
  if (choice == ColorChoice::kAlways) {
    return terminal.colors == ColorMode::kNone ? ColorMode::k256
                                               : terminal.colors;
  }
  if (!terminal.is_terminal || terminal.no_color) return ColorMode::kNone;
  return terminal.colors;
}

}  // namespace pellucid::cli
