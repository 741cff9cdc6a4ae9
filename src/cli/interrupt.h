// Ctrl-C as a std::stop_token.
//
// A handler may do next to nothing, so it writes a byte into a pipe; a thread
// that waits there requests the stop. The first SIGINT or SIGTERM asks the
// work to end in order (no half-written file stays); the signal's default is
// then restored, so that a second one ends the program at once. Work that does
// not look at the token in time, a writer of a full pipe or of a huge text, is
// overdue: what then happens is the program's choice.
#ifndef PELLUCID_CLI_INTERRUPT_H_
#define PELLUCID_CLI_INTERRUPT_H_

#include <chrono>
#include <csignal>
#include <functional>
#include <stop_token>
#include <thread>

namespace pellucid::cli {

// One at a time in a process. Puts the former handlers back when it goes.
class Interrupt {
 public:
  // `overdue` is called once, from a thread of its own, where *this still
  // stands `grace` after the signal.
  explicit Interrupt(std::chrono::milliseconds grace = {},
                     std::function<void()> overdue = {});
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  // Readable from the interrupt on, for reads that wait; negative: no pipe
  // could be made, and signals keep their defaults.
  int fd() const { return raised_[0]; }

 private:
  int raised_[2] = {-1, -1};  // written by the handler, never read
  int done_[2] = {-1, -1};    // written by the destructor
  struct sigaction old_int_ = {}, old_term_ = {}, old_hup_ = {};
  std::stop_source source_;
  std::thread watcher_;
};

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_INTERRUPT_H_
