// Long calls without the GIL, which Ctrl-C stops.
//
// Python runs signal handlers in its main thread only, between bytecodes. So a
// call from there gives its work to a thread of this module's own and looks
// for signals every few milliseconds meanwhile; a handler that raises stops the
// work, and its exception is the call's. Calls from other threads do their own
// work: no handler runs there.
#ifndef PELLUCID_PYTHON_SRC_WATCHED_H_
#define PELLUCID_PYTHON_SRC_WATCHED_H_

#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>

#include "errors.h"
#include "pellucid/result.h"

namespace pellucid::python {

// What stops one call: a signal, or an exception of a function of the user's
// that the call makes use of.
class Watch {
 public:
  std::stop_token token() const { return source_.get_token(); }

  // Keeps the exception that is being handled, unless there is one already,
  // and stops the work. From any thread.
  void Fail();
  bool failed() const;

  // Runs `work` without the GIL until it is done; throws what failed, or what
  // `work` threw. With the GIL held.
  void Run(const std::function<void()>& work);

 private:
  void RunHere(const std::function<void()>& work);
  void RunAside(const std::function<void()>& work);

  std::stop_source source_;
  mutable std::mutex mutex_;
  std::exception_ptr failure_;
};

// The value of `work(stop)`, a Result, made without the GIL; its error, a
// signal's exception or a function's is thrown.
template <typename Work>
auto Watched(Watch& watch, const Work& work) {
  std::optional<decltype(work(std::stop_token()))> result;
  watch.Run([&] { result.emplace(work(watch.token())); });
  return Take(std::move(*result));
}
template <typename Work>
auto Watched(const Work& work) {
  Watch watch;
  return Watched(watch, work);
}

}  // namespace pellucid::python

#endif  // PELLUCID_PYTHON_SRC_WATCHED_H_
