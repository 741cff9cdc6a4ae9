// A run of a model on behalf of one request: it waits for its turn in the
// queue, hands over what it finds as it comes, and ends early once the client
// is gone or its time is up.
#ifndef PELLUCID_SERVER_TASK_H_
#define PELLUCID_SERVER_TASK_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "pellucid/result.h"
#include "server/api_error.h"
#include "server/channel.h"
#include "server/http_message.h"
#include "server/job_queue.h"

namespace pellucid::server {

// Errors that are not the library's.
ApiError BusyError();
ApiError TimeoutError(std::chrono::seconds limit);

template <typename T>
class Task {
 public:
  using Push = std::function<void(T)>;
  // Runs in the queue's thread, possibly after the task is gone: it owns what
  // it uses.
  using Work = std::function<Status(const Push& push, std::stop_token stop)>;

  // `request` outlives it.
  Task(JobQueue& queue, const HttpRequest& request, std::chrono::seconds limit,
       Work work)
      : gone_(request.gone), limit_(limit) {
    job_ = queue.Submit(
        request.client,
        [channel = channel_, work = std::move(work)](std::stop_token stop) {
          channel->Close(work([&](T item) { channel->Push(std::move(item)); },
                              std::move(stop)));
        });
    if (!job_) error_ = BusyError();
  }
  ~Task() {
    if (job_) job_->Cancel();
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  // Waits for what comes next. Nothing: that was all, or error() says why.
  std::optional<T> Next() {
    while (!error_) {
      // Looked at for each item too: a run may give them without a pause.
      if (gone_()) {
        error_ = ErrorOf(CancelledError("serve: client: has gone"));
      } else if (IsOverdue()) {
        error_ = TimeoutError(limit_);
      } else if (auto item = channel_->Pop(kLook)) {
        return item;
      } else if (const auto end = channel_->End()) {
        if (!end->ok()) error_ = ErrorOf(end->error());
        return std::nullopt;
      }
    }
    if (job_) job_->Cancel();
    return std::nullopt;
  }

  const std::optional<ApiError>& error() const { return error_; }

 private:
  bool IsOverdue() const {
    const auto started = job_->started();
    return started && JobQueue::Clock::now() - *started > limit_ &&
           !channel_->IsClosed();
  }

  // A client that hangs up is noticed within this time.
  static constexpr std::chrono::milliseconds kLook{20};

  const std::function<bool()> gone_;
  const std::chrono::seconds limit_;
  const std::shared_ptr<Channel<T>> channel_ = std::make_shared<Channel<T>>();
  std::shared_ptr<JobQueue::Job> job_;
  std::optional<ApiError> error_;
};

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_TASK_H_
