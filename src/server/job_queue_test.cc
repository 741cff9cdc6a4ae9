#include "server/job_queue.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace pellucid::server {
namespace {

using std::chrono::milliseconds;

// Holds the queue's one place until it is let go.
class Gate {
 public:
  JobQueue::Work Work() {
    return [this](const std::stop_token&) {
      entered_.set_value();
      open_.get_future().wait();
    };
  }
  void AwaitEntered() { entered_.get_future().wait(); }
  void Open() { open_.set_value(); }

 private:
  std::promise<void> entered_, open_;
};

// What was run, in order.
class Record {
 public:
  JobQueue::Work Add(const std::string& name) {
    return [this, name](const std::stop_token&) {
      const std::lock_guard lock(mutex_);
      names_.push_back(name);
    };
  }
  std::vector<std::string> names() const {
    const std::lock_guard lock(mutex_);
    return names_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> names_;
};

void AwaitNames(const Record& record, std::size_t count) {
  while (record.names().size() < count) {
    std::this_thread::sleep_for(milliseconds(1));
  }
}

TEST(JobQueueTest, ClientsTakeTurns) {
  JobQueue queue(16, 16);
  Gate gate;
  Record record;
  ASSERT_NE(queue.Submit("gate", gate.Work()), nullptr);
  gate.AwaitEntered();
  for (const char* name : {"a1", "a2", "a3", "b1", "b2", "c1"}) {
    ASSERT_NE(queue.Submit(std::string(name, 1), record.Add(name)), nullptr);
  }
  EXPECT_EQ(queue.waiting(), 6u);
  // A client's own line: "last" would overtake those of others.
  ASSERT_NE(queue.Submit("a", record.Add("a4")), nullptr);
  gate.Open();
  AwaitNames(record, 7);
  EXPECT_EQ(record.names(), (std::vector<std::string>{"a1", "b1", "c1", "a2",
                                                      "b2", "a3", "a4"}));
}

TEST(JobQueueTest, TooManyAreRefused) {
  JobQueue queue(3, 2);
  Gate gate;
  Record record;
  ASSERT_NE(queue.Submit("gate", gate.Work()), nullptr);
  gate.AwaitEntered();
  ASSERT_NE(queue.Submit("a", record.Add("a1")), nullptr);
  const auto second = queue.Submit("a", record.Add("a2"));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(queue.Submit("a", record.Add("a3")), nullptr) << "of one client";
  ASSERT_NE(queue.Submit("b", record.Add("b1")), nullptr);
  EXPECT_EQ(queue.Submit("c", record.Add("c1")), nullptr) << "of all";
  second->Cancel();
  EXPECT_NE(queue.Submit("c", record.Add("c2")), nullptr)
      << "what is cancelled takes no place";
  gate.Open();
  AwaitNames(record, 3);
  EXPECT_EQ(record.names(), (std::vector<std::string>{"a1", "b1", "c2"}));
}

TEST(JobQueueTest, WhatRunsIsTold) {
  JobQueue queue(4, 4);
  std::promise<void> entered, stopped;
  const auto job = queue.Submit("a", [&](const std::stop_token& stop) {
    entered.set_value();
    while (!stop.stop_requested()) std::this_thread::sleep_for(milliseconds(1));
    stopped.set_value();
  });
  ASSERT_NE(job, nullptr);
  entered.get_future().wait();
  EXPECT_TRUE(job->started().has_value());
  job->Cancel();
  EXPECT_EQ(stopped.get_future().wait_for(std::chrono::seconds(10)),
            std::future_status::ready);
}

TEST(JobQueueTest, ItsEndStopsWhatRunsAndDropsTheRest) {
  Record record;
  bool was_stopped = false;
  {
    JobQueue queue(4, 4);
    std::promise<void> entered;
    ASSERT_NE(queue.Submit("a",
                           [&](const std::stop_token& stop) {
                             entered.set_value();
                             while (!stop.stop_requested()) {
                               std::this_thread::sleep_for(milliseconds(1));
                             }
                             was_stopped = true;
                           }),
              nullptr);
    entered.get_future().wait();
    ASSERT_NE(queue.Submit("b", record.Add("b")), nullptr);
  }
  EXPECT_TRUE(was_stopped);
  EXPECT_TRUE(record.names().empty());
}

}  // namespace
}  // namespace pellucid::server
