#include "watched.h"

#include <nanobind/nanobind.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <thread>

namespace nb = nanobind;

namespace pellucid::python {
namespace {

// How often signals are looked for: Ctrl-C shall be felt at once.
constexpr std::chrono::milliseconds kGlance(20);

bool IsMainThread() {
  const nb::object main =
      nb::module_::import_("threading").attr("main_thread")();
  return nb::cast<unsigned long>(main.attr("ident")) ==
         PyThread_get_thread_ident();
}

// One thread that does one piece of work after another. It stays, since a
// thread keeps the memory that it worked in (base/scratch.h). It is never
// destroyed: it may wait when the process ends.
class Worker {
 public:
  Worker() : process_(::getpid()) {
    std::thread([this] { Loop(); }).detach();
  }

  // Only where it was made: threads do not survive a fork.
  bool IsHere() const { return process_ == ::getpid(); }

  // Takes `work`; false if it has some. `done` is called at its end.
  bool Begin(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (work_) return false;
    work_ = std::move(work);
    more_.notify_one();
    return true;
  }

 private:
  void Loop() {
    while (true) {
      std::unique_lock lock(mutex_);
      more_.wait(lock, [this] { return static_cast<bool>(work_); });
      lock.unlock();
      work_();
      lock.lock();
      work_ = nullptr;
    }
  }

  const pid_t process_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::function<void()> work_;
};

// Runs `work` aside. Called by the main thread alone. A signal handler may have
// come between and ask for more while the worker is at work: that gets a thread
// of its own.
void Begin(const std::function<void()>& work) {
  static Worker* worker = nullptr;
  if (worker == nullptr || !worker->IsHere()) worker = new Worker();
  if (!worker->Begin(work)) std::thread(work).detach();
}

}  // namespace

void Watch::Fail() {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
  source_.request_stop();
}

bool Watch::failed() const {
  const std::lock_guard lock(mutex_);
  return failure_ != nullptr;
}

void Watch::Run(const std::function<void()>& work) {
  const std::function<void()> guarded = [&] {
    try {
      work();
    } catch (...) {
      Fail();
    }
  };
  if (IsMainThread()) {
    RunAside(guarded);
  } else {
    RunHere(guarded);
  }
  if (failure_) std::rethrow_exception(failure_);
}

void Watch::RunHere(const std::function<void()>& work) {
  const nb::gil_scoped_release release;
  work();
}

void Watch::RunAside(const std::function<void()>& work) {
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;
  const std::function<void()> job = [&] {
    work();
    // Notified under the lock: what is waited on ends with this call.
    const std::lock_guard lock(mutex);
    done = true;
    ended.notify_one();
  };
  Begin(job);
  while (true) {
    {
      const nb::gil_scoped_release release;
      std::unique_lock lock(mutex);
      if (ended.wait_for(lock, kGlance, [&] { return done; })) break;
    }
    if (PyErr_CheckSignals() == 0) continue;
    try {
      throw nb::python_error();
    } catch (const nb::python_error&) {
      Fail();
    }
  }
}

}  // namespace pellucid::python
