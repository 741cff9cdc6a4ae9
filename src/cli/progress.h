// The share of a long run that is done, on one line of the error stream that
// vanishes at the end. Nothing where that is no terminal, or for the first
// second: most runs are over by then.
#ifndef PELLUCID_CLI_PROGRESS_H_
#define PELLUCID_CLI_PROGRESS_H_

#include <chrono>
#include <mutex>
#include <string>

#include "cli/io.h"
#include "pellucid/trace.h"  // Progress

namespace pellucid::cli {

class ProgressLine {
 public:
  // `io` must outlive this; `what` names the work.
  ProgressLine(Io& io, std::string what);
  ~ProgressLine();  // clears the line
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // For the options of a run, from any thread; not to be called after this
  // object is gone.
  Progress callback();

  // What stands behind the share from now on: numbers of the run. From any
  // thread.
  void SetNote(std::string note);

 private:
  void Show(double done);

  using Clock = std::chrono::steady_clock;
  Io& io_;
  std::string what_, note_;
  std::mutex mutex_;
  Clock::time_point next_;  // no line before this
  int percent_ = -1;        // last shown; -1: none
  bool note_is_new_ = false;
};

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_PROGRESS_H_
