#include "base/task_pool.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <new>
#include <stop_token>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace pellucid {
namespace {

using ::testing::Each;

using Calls = std::vector<std::atomic<int>>;

// How many indices were not called exactly once.
std::size_t NotOnce(const Calls& calls) {
  return static_cast<std::size_t>(std::count_if(
      calls.begin(), calls.end(), [](const auto& n) { return n != 1; }));
}

class TaskPoolTest : public ::testing::TestWithParam<std::size_t> {};
// 64: more threads than the cores of most machines that run this.
INSTANTIATE_TEST_SUITE_P(Threads, TaskPoolTest,
                         ::testing::Values(1, 2, 3, 8, 64));

TEST_P(TaskPoolTest, EachIndexOnce) {
  const TaskPool pool(GetParam());
  EXPECT_EQ(pool.threads(), GetParam());
  for (const std::size_t count : {0u, 1u, 2u, 63u, 64u, 65u, 10007u}) {
    Calls calls(count);
    pool.For(count, [&](std::size_t i) { ++calls[i]; });
    EXPECT_EQ(NotOnce(calls), 0u) << "count=" << count;
  }
}

TEST_P(TaskPoolTest, AllIsDoneOnReturn) {
  const TaskPool pool(GetParam());
  for (int round = 0; round < 200; ++round) {
    std::vector<int> out(17);  // not atomic: For() orders the writes
    pool.For(out.size(), [&](std::size_t i) { out[i] = static_cast<int>(i); });
    for (std::size_t i = 0; i < out.size(); ++i) {
      ASSERT_EQ(out[i], static_cast<int>(i));
    }
  }
}

TEST_P(TaskPoolTest, NoTaskStartsAfterAStop) {
  const TaskPool pool(GetParam());
  std::stop_source source;
  source.request_stop();
  std::atomic<int> calls = 0;
  pool.For(
      1000, [&](std::size_t) { ++calls; }, source.get_token());
  EXPECT_EQ(calls, 0);
}

TEST_P(TaskPoolTest, AStopOnTheWayLeavesTheRest) {
  const TaskPool pool(GetParam());
  std::stop_source source;
  std::atomic<std::size_t> calls = 0;
  constexpr std::size_t kCount = 100000;
  pool.For(
      kCount,
      [&](std::size_t) {
        if (++calls == 10) source.request_stop();
      },
      source.get_token());
  EXPECT_GE(calls, 10u);
  // Tasks that other threads had begun may end, no more than a few each.
  EXPECT_LT(calls, kCount);
}

// So large tasks may come first, and small ones even out the end.
TEST_P(TaskPoolTest, TasksBeginInOrder) {
  const TaskPool pool(GetParam());
  std::atomic<std::size_t> begun = 0;
  std::atomic<std::size_t> furthest = 0;
  pool.For(2000, [&](std::size_t i) {
    // Of the tasks before this one, others may be about to begin at most one a
    // thread.
    const std::size_t before = begun++;
    const std::size_t off = i > before ? i - before : 0;
    std::size_t seen = furthest;
    while (seen < off && !furthest.compare_exchange_weak(seen, off)) {
    }
  });
  EXPECT_LT(furthest, GetParam());
}

TEST_P(TaskPoolTest, AThrowReachesTheCallerAndLeavesTheRest) {
  const TaskPool pool(GetParam());
  std::atomic<std::size_t> calls = 0;
  // Seconds of work, of which others do much before the throw is at its end.
  constexpr std::size_t kCount = 1'000'000'000;
  const auto throwing = [&](std::size_t) {
    if (++calls == 10) throw std::bad_alloc();
  };
  EXPECT_THROW(pool.For(kCount, throwing), std::bad_alloc);
  EXPECT_LT(calls, kCount);
}

TEST_P(TaskPoolTest, NestedUse) {
  const TaskPool pool(GetParam());
  Calls calls(20 * 30);
  pool.For(20, [&](std::size_t i) {
    pool.For(30, [&](std::size_t j) { ++calls[i * 30 + j]; });
  });
  EXPECT_EQ(NotOnce(calls), 0u);
}

TEST_P(TaskPoolTest, UseFromSeveralThreads) {
  const TaskPool pool(GetParam());
  Calls calls(4 * 100);
  {
    std::vector<std::jthread> callers;
    for (std::size_t c = 0; c < 4; ++c) {
      callers.emplace_back([&, c] {
        pool.For(100, [&](std::size_t i) { ++calls[c * 100 + i]; });
      });
    }
  }
  EXPECT_EQ(NotOnce(calls), 0u);
}

#if defined(__x86_64__)
TEST_P(TaskPoolTest, CallersControlWordDoesNotReachTasksAndStays) {
  const TaskPool pool(GetParam());
  const unsigned before = _mm_getcsr();
  constexpr unsigned kFlushAndRoundUp = 0x1f80 | 0x8040 | 0x4000;
  _mm_setcsr(kFlushAndRoundUp);
  std::vector<unsigned> seen(500);
  pool.For(seen.size(),
           [&](std::size_t i) { seen[i] = _mm_getcsr() & ~0x3fu; });
  const unsigned after = _mm_getcsr() & ~0x3fu;
  _mm_setcsr(before);
  EXPECT_EQ(after, kFlushAndRoundUp);
  EXPECT_THAT(seen, Each(0x1f80u));  // less the sticky flags of exceptions
}
#endif

// A barrier that only `threads` tasks at once can pass.
TEST(TaskPoolThreadsTest, UsesTheThreadsItWasGiven) {
  constexpr std::size_t kThreads = 4;
  const TaskPool pool(kThreads);
  std::atomic<std::size_t> inside = 0;
  std::atomic<bool> late = false;
  pool.For(kThreads, [&](std::size_t) {
    ++inside;
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (inside < kThreads && !late) {
      if (std::chrono::steady_clock::now() > deadline) late = true;
      std::this_thread::yield();
    }
  });
  EXPECT_FALSE(late) << inside << " of " << kThreads << " ran at once";
}

#if defined(__SANITIZE_THREAD__)
constexpr bool kForks = false;  // its run-time knows no such child
#else
constexpr bool kForks = true;
#endif

// A child has none of the workers: its pools, old and new, do all themselves.
TEST(TaskPoolForkTest, AChildRunsItsTasksAlone) {
  if (!kForks) GTEST_SKIP() << "not with ThreadSanitizer";
  const TaskPool pool(4);
  Calls calls(100);
  pool.For(calls.size(), [&](std::size_t i) { ++calls[i]; });
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::alarm(20);
    pool.For(calls.size(), [&](std::size_t i) { ++calls[i]; });
    {
      const TaskPool own(4);
      own.For(calls.size(), [&](std::size_t i) { --calls[i]; });
    }
    ::_exit(NotOnce(calls) == 0 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  pool.For(calls.size(), [&](std::size_t i) { --calls[i]; });
  EXPECT_TRUE(std::ranges::all_of(calls, [](const auto& n) { return n == 0; }));
}

TEST(TaskPoolThreadsTest, DefaultIsTheCoresOfThisProcess) {
  EXPECT_GE(AvailableCores(), 1u);
  EXPECT_EQ(TaskPool().threads(), AvailableCores());
}

}  // namespace
}  // namespace pellucid
