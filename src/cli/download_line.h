// How far the download of a model is, on one line of the error stream that
// vanishes at the end. Nothing where that is no terminal; warnings appear
// everywhere.
#ifndef PELLUCID_CLI_DOWNLOAD_LINE_H_
#define PELLUCID_CLI_DOWNLOAD_LINE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "cli/io.h"
#include "pellucid/hub.h"

namespace pellucid::cli {

// Bytes a second over the last seconds, so that a stall shows.
class RateMeter {
 public:
  using Clock = std::chrono::steady_clock;

  // `bytes` are there at `now`, which never goes back.
  void Add(Clock::time_point now, std::uint64_t bytes);
  // Nothing before a quarter of a second has been seen.
  std::optional<double> BytesPerSecond() const;

 private:
  std::deque<std::pair<Clock::time_point, std::uint64_t>> seen_;
};

// The line, without its end, of at most `columns` (0: any).
std::string DownloadText(const std::string& what,
                         const DownloadProgress& progress,
                         std::optional<double> bytes_per_second,
                         std::size_t columns);

class DownloadLine {
 public:
  // `io` must outlive this; `what` names the model.
  DownloadLine(Io& io, std::string what);
  ~DownloadLine();  // clears the line
  DownloadLine(const DownloadLine&) = delete;
  DownloadLine& operator=(const DownloadLine&) = delete;

  // For what downloads; not to be used after this object is gone.
  HubOptions options();

  // When the download last did something; empty: there was none.
  std::optional<RateMeter::Clock::time_point> last() const { return last_; }

 private:
  void Show(const DownloadProgress& progress);
  void Say(const std::string& message);
  void Clear();

  Io& io_;
  std::string what_;
  RateMeter rate_;
  std::optional<RateMeter::Clock::time_point> last_, shown_at_;
  bool is_shown_ = false;
};

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_DOWNLOAD_LINE_H_
