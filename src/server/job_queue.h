// Runs of models, one at a time, since one uses all cores; in turns of clients,
// so that many requests of one do not keep the others waiting.
//
//   auto job = queue.Submit(client, [](std::stop_token stop) { ... });
//   job->Cancel();  // in its turn it is skipped; running, it is stopped
#ifndef PELLUCID_SERVER_JOB_QUEUE_H_
#define PELLUCID_SERVER_JOB_QUEUE_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

namespace pellucid::server {

class JobQueue {
 public:
  using Clock = std::chrono::steady_clock;
  // Must not throw.
  using Work = std::function<void(std::stop_token stop)>;

  class Job {
   public:
    // Its work ends within milliseconds, or never begins.
    void Cancel() { stop_.request_stop(); }
    // Since when it runs; nothing: it waits.
    std::optional<Clock::time_point> started() const;

   private:
    friend class JobQueue;
    Work work_;
    std::stop_source stop_;
    mutable std::mutex mutex_;
    std::optional<Clock::time_point> started_;
  };

  // At most `capacity` jobs wait, `of_client` of them of one client.
  JobQueue(std::size_t capacity, std::size_t of_client);
  // Stops the job that runs, drops the others.
  ~JobQueue();
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  // Null: too many wait already. Destroyed work that never ran was cancelled.
  std::shared_ptr<Job> Submit(const std::string& client, Work work);

  // How many wait that nobody has cancelled.
  std::size_t waiting() const;

 private:
  // Those of one client, the first first.
  struct Line {
    std::string client;
    std::deque<std::shared_ptr<Job>> jobs;
  };

  void Run();
  std::shared_ptr<Job> Next();  // null: the end; requires `lock` held by Run
  void DropCancelled();
  std::size_t CountWaiting() const;

  const std::size_t capacity_, of_client_;
  mutable std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::list<Line> lines_;  // the next turn first; none is empty
  std::shared_ptr<Job> running_;
  bool ends_ = false;
  std::thread worker_;
};

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_JOB_QUEUE_H_
