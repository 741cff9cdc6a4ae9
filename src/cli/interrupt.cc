#include "cli/interrupt.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <span>
#include <utility>

namespace pellucid::cli {
namespace {

// The one object a signal handler can reach: the writing end of the pipe.
std::atomic<int> g_raised = -1;
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void OnSignal(int) {
  const int saved = errno;
  const char byte = 1;
  // Nothing can be done where it fails; the pipe is empty, so it does not.
  [[maybe_unused]] const ssize_t written = ::write(g_raised.load(), &byte, 1);
  errno = saved;
}

// Leaves a signal alone that the program was started to ignore (nohup).
void Catch(int signal, struct sigaction* old) {
  ::sigaction(signal, nullptr, old);
  if (old->sa_handler == SIG_IGN) return;
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(signal, &action, nullptr);
}

void ClosePipe(int (&ends)[2]) {
  for (int& end : ends) {
    if (end >= 0) ::close(end);
    end = -1;
  }
}

// Waits for one of `fds`; false after `milliseconds` (-1: never).
bool Wait(std::span<pollfd> fds, int milliseconds) {
  int ready = 0;
  do {
    ready = ::poll(fds.data(), fds.size(), milliseconds);
  } while (ready < 0 && errno == EINTR);
  return ready != 0;
}

void Watch(int raised, int done, std::stop_source source,
           std::chrono::milliseconds grace,
           const std::function<void()>& overdue) {
  std::array<pollfd, 2> wait = {{{raised, POLLIN, 0}, {done, POLLIN, 0}}};
  Wait(wait, -1);
  if (wait[0].revents == 0) return;
  source.request_stop();
  if (!overdue) return;
  if (!Wait(std::span(wait).last(1), static_cast<int>(grace.count()))) {
    overdue();
  }
}

}  // namespace

Interrupt::Interrupt(std::chrono::milliseconds grace,
                     std::function<void()> overdue) {
  if (::pipe2(raised_, O_CLOEXEC | O_NONBLOCK) != 0) return;
  if (::pipe2(done_, O_CLOEXEC) != 0) {
    ClosePipe(raised_);
    return;
  }
  g_raised = raised_[1];
  watcher_ = std::thread(Watch, raised_[0], done_[0], source_, grace,
                         std::move(overdue));
  Catch(SIGINT, &old_int_);
  Catch(SIGTERM, &old_term_);
  Catch(SIGHUP, &old_hup_);
}

Interrupt::~Interrupt() {
  if (raised_[0] < 0) return;
  ::sigaction(SIGINT, &old_int_, nullptr);
  ::sigaction(SIGTERM, &old_term_, nullptr);
  ::sigaction(SIGHUP, &old_hup_, nullptr);
  const char byte = 1;
  [[maybe_unused]] const ssize_t written = ::write(done_[1], &byte, 1);
  watcher_.join();
  g_raised = -1;
  ClosePipe(raised_);
  ClosePipe(done_);
}

}  // namespace pellucid::cli
