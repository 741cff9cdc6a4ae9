#include "base/task_pool.h"

#include <pthread.h>
#include <sched.h>
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
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

// A thread that has no more to do, because of what a task threw if nothing
// else, leaves none to the others.
struct LastTask {
  ~LastTask() { next = count; }
  std::atomic<std::size_t>& next;
  const std::size_t count;
};

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
  // Threads take the next task each: in order, so that large ones may come
  // first and small ones even out the end.
  std::atomic<std::size_t> next = 0;
  const auto run = [&] {
    const FloatEnvironment environment;
    const LastTask last{next, count};
    while (!stop.stop_requested()) {
      const std::size_t i = next.fetch_add(1, std::memory_order_relaxed);
      if (i >= count) return;
      task(i);
    }
  };
  if (arena_ == nullptr || count < 2 || g_workers_are_gone) return run();
  arena_->arena.execute([&] {
    tbb::parallel_for(
        tbb::blocked_range<std::size_t>(0, std::min(count, threads_), 1),
        [&](const tbb::blocked_range<std::size_t>&) { run(); },
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
