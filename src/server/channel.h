// What a run hands to the connection that asked for it, as it comes: the run
// waits for nobody, so that a slow client holds up no other. What lies here is
// bounded by what a request may ask for.
#ifndef PELLUCID_SERVER_CHANNEL_H_
#define PELLUCID_SERVER_CHANNEL_H_

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "pellucid/result.h"

namespace pellucid::server {

template <typename T>
class Channel {
 public:
  void Push(T item) {
    {
      const std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
    }
    changed_.notify_one();
  }

  // Nothing follows. An error is why; called once.
  void Close(Status status) {
    {
      const std::lock_guard lock(mutex_);
      end_ = std::move(status);
    }
    changed_.notify_one();
  }

  // Waits for the next item or the end, up to `timeout`.
  std::optional<T> Pop(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout,
                      [this] { return end_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }

  // Nothing more is pushed; items may be left.
  bool IsClosed() const {
    const std::lock_guard lock(mutex_);
    return end_.has_value();
  }

  // How it ended, once all items are taken.
  std::optional<Status> End() const {
    const std::lock_guard lock(mutex_);
    return items_.empty() ? end_ : std::nullopt;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> items_;
  std::optional<Status> end_;
};

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_CHANNEL_H_
