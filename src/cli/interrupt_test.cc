#include "cli/interrupt.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <csignal>
#include <thread>

namespace pellucid::cli {
namespace {

using namespace std::chrono_literals;

bool StopsWithin(const std::stop_token& token, std::chrono::milliseconds most) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (std::chrono::steady_clock::now() < end) {
    if (token.stop_requested()) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

TEST(InterruptTest, ASignalRequestsTheStop) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const Interrupt interrupt;
    EXPECT_FALSE(interrupt.token().stop_requested());
    std::raise(signal);
    EXPECT_TRUE(StopsWithin(interrupt.token(), 1000ms));
    pollfd ready{interrupt.fd(), POLLIN, 0};
    EXPECT_EQ(::poll(&ready, 1, 0), 1);
  }
}

TEST(InterruptTest, TheSecondSignalHasItsDefaultAgain) {
  const Interrupt interrupt;
  std::raise(SIGINT);
  struct sigaction now = {};
  ::sigaction(SIGINT, nullptr, &now);
  EXPECT_EQ(now.sa_handler, SIG_DFL);
}

TEST(InterruptTest, WorkThatDoesNotStopIsOverdue) {
  std::stop_source called;
  const Interrupt interrupt(1ms, [&] { called.request_stop(); });
  EXPECT_FALSE(StopsWithin(called.get_token(), 20ms));
  std::raise(SIGINT);
  EXPECT_TRUE(StopsWithin(called.get_token(), 10'000ms));
}

TEST(InterruptTest, WorkThatStopsIsNot) {
  bool called = false;
  {
    const Interrupt interrupt(10min, [&] { called = true; });
    std::raise(SIGINT);
    EXPECT_TRUE(StopsWithin(interrupt.token(), 10'000ms));
  }
  EXPECT_FALSE(called);
}

TEST(InterruptTest, FormerHandlersComeBackAndIgnoredSignalsStayIgnored) {
  const auto old_handler = std::signal(SIGINT, SIG_IGN);
  {
    const Interrupt interrupt;
    std::raise(SIGINT);
    EXPECT_FALSE(StopsWithin(interrupt.token(), 20ms));
  }
  struct sigaction now = {};
  ::sigaction(SIGINT, nullptr, &now);
  EXPECT_EQ(now.sa_handler, SIG_IGN);
  std::signal(SIGINT, old_handler);
}

}  // namespace
}  // namespace pellucid::cli
