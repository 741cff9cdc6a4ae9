#include "server/job_queue.h"

#include <algorithm>
#include <utility>

namespace pellucid::server {

std::optional<JobQueue::Clock::time_point> JobQueue::Job::started() const {
  const std::lock_guard lock(mutex_);
  return started_;
}

JobQueue::JobQueue(std::size_t capacity, std::size_t of_client)
    : capacity_(capacity), of_client_(of_client) {
  worker_ = std::thread([this] { Run(); });
}

JobQueue::~JobQueue() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
    lines_.clear();
    if (running_) running_->Cancel();
  }
  changed_.notify_all();
  worker_.join();
}

std::shared_ptr<JobQueue::Job> JobQueue::Submit(const std::string& client,
                                                Work work) {
  auto job = std::make_shared<Job>();
  job->work_ = std::move(work);
  {
    const std::lock_guard lock(mutex_);
    DropCancelled();
    const auto line = std::ranges::find(lines_, client, &Line::client);
    if (ends_ || CountWaiting() >= capacity_) return nullptr;
    if (line != lines_.end() && line->jobs.size() >= of_client_) return nullptr;
    if (line != lines_.end()) {
      line->jobs.push_back(job);
    } else {
      lines_.push_back({client, {job}});
    }
  }
  changed_.notify_one();
  return job;
}

std::size_t JobQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const Line& line : lines_) {
    count += static_cast<std::size_t>(std::ranges::count_if(
        line.jobs,
        [](const auto& job) { return !job->stop_.stop_requested(); }));
  }
  return count;
}

void JobQueue::DropCancelled() {
  for (Line& line : lines_) {
    std::erase_if(line.jobs,
                  [](const auto& job) { return job->stop_.stop_requested(); });
  }
  std::erase_if(lines_, [](const Line& line) { return line.jobs.empty(); });
}

std::size_t JobQueue::CountWaiting() const {
  std::size_t count = 0;
  for (const Line& line : lines_) count += line.jobs.size();
  return count;
}

std::shared_ptr<JobQueue::Job> JobQueue::Next() {
  DropCancelled();
  if (lines_.empty()) return nullptr;
  Line line = std::move(lines_.front());
  lines_.pop_front();
  auto job = std::move(line.jobs.front());
  line.jobs.pop_front();
  if (!line.jobs.empty()) lines_.push_back(std::move(line));
  return job;
}

void JobQueue::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ends_ || !lines_.empty(); });
    if (ends_) return;
    running_ = Next();
    if (!running_) continue;
    const std::shared_ptr<Job> job = running_;
    lock.unlock();
    {
      const std::lock_guard mark(job->mutex_);
      job->started_ = Clock::now();
    }
    job->work_(job->stop_.get_token());
    job->work_ = nullptr;
    lock.lock();
    running_ = nullptr;
  }
}

}  // namespace pellucid::server
