// A fixed number of threads that share out independent tasks (over oneTBB).
//
// No result may depend on which thread runs a task or when: tasks write to
// places of their own, each in an order fixed by its index alone. Every task
// runs with the default floating-point control word (round to nearest, no
// flush to zero), whatever the calling program has set.
//
// Workers do not survive fork(). In a child of a process that had some, every
// pool runs its tasks on the calling thread: slower, the same results, and
// nothing waits for threads that are gone.
#ifndef PELLUCID_BASE_TASK_POOL_H_
#define PELLUCID_BASE_TASK_POOL_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>

namespace pellucid {

class TaskPool {
 public:
  // threads == 0: as many as this process may use.
  explicit TaskPool(std::size_t threads = 0);
  ~TaskPool();
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  std::size_t threads() const { return threads_; }

  // Calls task(i) for each i < count, begun in order, and returns when all are
  // done. What a task throws (for want of memory) is thrown again here. Once
  // `stop` is requested no further task is started: the caller asks `stop`
  // whether the work is whole.
  void For(std::size_t count, const std::function<void(std::size_t)>& task,
           const std::stop_token& stop = {}) const;

 private:
  struct Arena;
  std::size_t threads_;
  std::unique_ptr<Arena> arena_;
};

// Cores that this process may run on (its CPU affinity), at least 1.
std::size_t AvailableCores();

}  // namespace pellucid

#endif  // PELLUCID_BASE_TASK_POOL_H_
