#include "base/task_pool.h"

#include <pthread.h>
#include <sched.h>
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <atomic>
#include <optional>

#include "base/float_environment.h"

namespace pellucid {
namespace {

// This process was forked from one that had workers.
std::atomic<bool> g_workers_are_gone = false;

void WatchForks() {
  static const int watched = ::pthread_atfork(
      nullptr, nullptr, [] { g_workers_are_gone.store(true); });
  static_cast<void>(watched);
}

}  // namespace

struct TaskPool::Arena {
  explicit Arena(std::size_t threads) : arena(static_cast<int>(threads)) {
    // oneTBB starts no more workers than cores unless told so. The limit is the
    // process's, and the lowest of all that live holds, so it is only ever set
    // above the default: a small pool must not slow a large one.
    WatchForks();
    if (threads > AvailableCores()) {
      limit.emplace(tbb::global_control::max_allowed_parallelism, threads);
    }
  }
  std::optional<tbb::global_control> limit;
  tbb::task_arena arena;
};

TaskPool::TaskPool(std::size_t threads)
    : threads_(threads == 0 ? AvailableCores() : threads) {
  if (threads_ > 1 && !g_workers_are_gone) {
    arena_ = std::make_unique<Arena>(threads_);
  }
}

TaskPool::~TaskPool() {
  // Its locks may have been held by a thread that is gone.
  if (g_workers_are_gone) static_cast<void>(arena_.release());
}

void TaskPool::For(std::size_t count,
                   const std::function<void(std::size_t)>& task,
                   const std::stop_token& stop) const {
  const auto run = [&](std::size_t begin, std::size_t end) {
    const FloatEnvironment environment;
    for (std::size_t i = begin; i < end && !stop.stop_requested(); ++i) task(i);
  };
  if (arena_ == nullptr || count < 2 || g_workers_are_gone) {
    return run(0, count);
  }
  arena_->arena.execute([&] {
    tbb::parallel_for(
        tbb::blocked_range<std::size_t>(0, count, 1),
        [&](const tbb::blocked_range<std::size_t>& range) {
          run(range.begin(), range.end());
        },
        tbb::simple_partitioner());
  });
}

std::size_t AvailableCores() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  const int count = CPU_COUNT(&set);
  return count > 0 ? static_cast<std::size_t>(count) : 1;
}

}  // namespace pellucid
