#include "cli/size_text.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace pellucid::cli {

std::string SizeText(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"kB", "MB", "GB", "TB",
                                                      "PB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double size = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (size >= 999.5 && unit + 1 < kUnits.size()) {
    size /= 1000;
    ++unit;
  }
  const int digits = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", size, digits, kUnits[unit]);
}

}  // namespace pellucid::cli
