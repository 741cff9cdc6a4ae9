#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pellucid::cli {
namespace {

constexpr std::chrono::seconds kQuiet{1};
constexpr std::chrono::milliseconds kBetween{100};

}  // namespace

ProgressLine::ProgressLine(Io& io, std::string what)
    : io_(io), what_(std::move(what)), next_(Clock::now() + kQuiet) {}

ProgressLine::~ProgressLine() {
  if (percent_ < 0) return;
  const Status ignored = io_.err.Write("\r\x1b[K");  // erase to the line's end
  static_cast<void>(ignored);
}

Progress ProgressLine::callback() {
  if (!io_.err_terminal.is_terminal) return {};
  return [this](double done) { Show(done); };
}

void ProgressLine::SetNote(std::string note) {
  const std::lock_guard<std::mutex> lock(mutex_);
  note_is_new_ = note_is_new_ || note != note_;
  note_ = std::move(note);
}

void ProgressLine::Show(double done) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Clock::time_point now = Clock::now();
  const int percent = static_cast<int>(100 * std::clamp(done, 0.0, 1.0));
  if (now < next_ || (percent <= percent_ && !note_is_new_)) return;
  next_ = now + kBetween;
  percent_ = std::max(percent, percent_);
  note_is_new_ = false;
  std::string line = fmt::format("\r{}: {:3d}%", what_, percent_);
  // (To the line's end, since a note may be shorter than the last.)
  if (!note_.empty()) line += "  " + note_ + "\x1b[K";
  const Status ignored = io_.err.Write(line);
  static_cast<void>(ignored);
}

}  // namespace pellucid::cli
