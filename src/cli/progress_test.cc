#include "cli/progress.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace pellucid::cli {
namespace {

struct Streams {
  StringSource in{""};
  StringSink out, err;
  Io io{in, out, err};
};

TEST(ProgressTest, NothingOffATerminal) {
  Streams streams;
  ProgressLine progress(streams.io, "lens");
  EXPECT_FALSE(progress.callback());
}

TEST(ProgressTest, NothingForAShortRun) {
  Streams streams;
  streams.io.err_terminal.is_terminal = true;
  {
    ProgressLine progress(streams.io, "lens");
    progress.callback()(0.5);
  }
  EXPECT_EQ(streams.err.text(), "");
}

TEST(ProgressTest, ALongRunShowsAPercentageThatVanishes) {
  Streams streams;
  streams.io.err_terminal.is_terminal = true;
  {
    ProgressLine progress(streams.io, "lens");
    std::this_thread::sleep_for(std::chrono::milliseconds(1010));
    progress.callback()(0.429);
    progress.callback()(0.9);  // too soon after the last
  }
  EXPECT_EQ(streams.err.text(), "\rlens:  42%\r\x1b[K");
  EXPECT_EQ(streams.out.text(), "");
}

}  // namespace
}  // namespace pellucid::cli
