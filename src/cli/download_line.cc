#include "cli/download_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/quote.h"
#include "cli/size_text.h"

namespace pellucid::cli {
namespace {

constexpr std::chrono::seconds kWindow{5};
constexpr std::chrono::milliseconds kBetweenSamples{100};
constexpr std::chrono::milliseconds kBetweenLines{100};
constexpr double kLeastSeconds = 0.25;
constexpr std::size_t kBarColumns = 20;

std::string TimeText(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::ceil(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600)
    return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string Bar(double share) {
  const auto full = static_cast<std::size_t>(kBarColumns * share);
  return "[" + std::string(full, '#') + std::string(kBarColumns - full, '.') +
         "]";
}

}  // namespace

void RateMeter::Add(Clock::time_point now, std::uint64_t bytes) {
  if (!seen_.empty() && now - seen_.back().first < kBetweenSamples) return;
  // A download that begins anew.
  if (!seen_.empty() && bytes < seen_.back().second) seen_.clear();
  seen_.emplace_back(now, bytes);
  while (now - seen_.front().first > kWindow) seen_.pop_front();
}

std::optional<double> RateMeter::BytesPerSecond() const {
  if (seen_.empty()) return std::nullopt;
  const double seconds =
      std::chrono::duration<double>(seen_.back().first - seen_.front().first)
          .count();
  if (seconds < kLeastSeconds) return std::nullopt;
  return static_cast<double>(seen_.back().second - seen_.front().second) /
         seconds;
}

std::string DownloadText(const std::string& what,
                         const DownloadProgress& progress,
                         std::optional<double> bytes_per_second,
                         std::size_t columns) {
  std::string numbers;
  if (progress.waiting) {
    numbers = "another process downloads it, waiting";
  } else {
    const std::uint64_t total = progress.total_bytes;
    const double share =
        total == 0 ? 0
                   : std::min(1.0, static_cast<double>(progress.bytes) /
                                       static_cast<double>(total));
    numbers = total == 0
                  ? SizeText(progress.bytes)
                  : fmt::format("{} {:3.0f}%  {} of {}", Bar(share),
                                std::floor(100 * share),
                                SizeText(progress.bytes), SizeText(total));
    if (bytes_per_second) {
      numbers += fmt::format("  {}/s", SizeText(static_cast<std::uint64_t>(
                                           std::max(0.0, *bytes_per_second))));
      if (total > progress.bytes && *bytes_per_second >= 1) {
        numbers += "  " +
                   TimeText(static_cast<double>(total - progress.bytes) /
                            *bytes_per_second) +
                   " left";
      }
    }
  }
  std::string line =
      fmt::format("{}: {}  {}", what, Quote(progress.file), numbers);
  if (columns == 0 || line.size() < columns) return line;
  line = what + ": " + numbers;  // the numbers say more than the file
  if (line.size() >= columns) line = numbers;
  return line.substr(0, columns - 1);
}

DownloadLine::DownloadLine(Io& io, std::string what)
    : io_(io), what_(Quote(what)) {}

DownloadLine::~DownloadLine() { Clear(); }

void DownloadLine::Clear() {
  if (!is_shown_) return;
  is_shown_ = false;
  const Status ignored = io_.err.Write("\r\x1b[K");  // erase to the line's end
  static_cast<void>(ignored);
}

HubOptions DownloadLine::options() {
  HubOptions options;
  options.stop = io_.stop;
  options.progress = [this](const DownloadProgress& progress) {
    Show(progress);
  };
  options.warn = [this](const std::string& message) { Say(message); };
  return options;
}

void DownloadLine::Show(const DownloadProgress& progress) {
  const RateMeter::Clock::time_point now = RateMeter::Clock::now();
  last_ = now;
  if (!io_.err_terminal.is_terminal) return;
  rate_.Add(now, progress.bytes);
  if (shown_at_ && now - *shown_at_ < kBetweenLines) return;
  shown_at_ = now;
  is_shown_ = true;
  const Status ignored = io_.err.Write(
      "\r\x1b[K" + DownloadText(what_, progress, rate_.BytesPerSecond(),
                                io_.err_terminal.columns));
  static_cast<void>(ignored);
}

void DownloadLine::Say(const std::string& message) {
  last_ = RateMeter::Clock::now();
  Clear();
  Warn(io_, message);
}

}  // namespace pellucid::cli
