#include "cli/download_line.h"

#include <gtest/gtest.h>

namespace pellucid::cli {
namespace {

using namespace std::chrono_literals;

TEST(DownloadLineTest, TheRateIsThatOfTheLastSeconds) {
  RateMeter rate;
  const RateMeter::Clock::time_point start{};
  EXPECT_FALSE(rate.BytesPerSecond());
  rate.Add(start, 1000000);  // what an earlier run left counts for nothing
  rate.Add(start + 200ms, 1100000);
  EXPECT_FALSE(rate.BytesPerSecond());
  rate.Add(start + 1s, 3000000);
  EXPECT_DOUBLE_EQ(*rate.BytesPerSecond(), 2e6);
  for (int second = 2; second <= 20; ++second) {
    rate.Add(start + std::chrono::seconds(second), 3000000);
  }
  EXPECT_DOUBLE_EQ(*rate.BytesPerSecond(), 0);
  rate.Add(start + 21s, 0);  // a download that begins anew
  EXPECT_FALSE(rate.BytesPerSecond());
}

TEST(DownloadLineTest, TheLineFitsTheTerminal) {
  DownloadProgress progress{"model.safetensors", 1210000000, 2800000000, false};
  EXPECT_EQ(DownloadText("o/n", progress, 35.1e6, 0),
            "o/n: model.safetensors  [########............]  43%  1.21 GB of "
            "2.80 GB  35.1 MB/s  46 s left");
  EXPECT_EQ(DownloadText("o/n", progress, 35.1e6, 80),
            "o/n: [########............]  43%  1.21 GB of 2.80 GB  35.1 MB/s  "
            "46 s left");
  EXPECT_EQ(DownloadText("o/n", progress, 35.1e6, 30).size(), 29u);
  EXPECT_EQ(DownloadText("o/n", progress, std::nullopt, 0),
            "o/n: model.safetensors  [########............]  43%  1.21 GB of "
            "2.80 GB");
  progress.total_bytes = 0;
  EXPECT_EQ(DownloadText("o/n", progress, 1000, 0),
            "o/n: model.safetensors  1.21 GB  1.00 kB/s");
  progress.waiting = true;
  EXPECT_EQ(DownloadText("o/n", progress, 1000, 0),
            "o/n: model.safetensors  another process downloads it, waiting");
}

struct Streams {
  StringSource in{""};
  StringSink out, err;
  Io io{in, out, err};
};

TEST(DownloadLineTest, OffATerminalOnlyWarningsShow) {
  Streams streams;
  {
    DownloadLine line(streams.io, "o/n");
    const HubOptions options = line.options();
    EXPECT_FALSE(line.last());
    options.progress({"f", 1, 2, false});
    EXPECT_TRUE(line.last());
    options.warn("the hub answers 503");
  }
  EXPECT_EQ(streams.err.text(), "pellucid: warning: the hub answers 503\n");
  EXPECT_EQ(streams.out.text(), "");
}

TEST(DownloadLineTest, TheLineVanishes) {
  Streams streams;
  streams.io.err_terminal.is_terminal = true;
  {
    DownloadLine line(streams.io, "o/n");
    const HubOptions options = line.options();
    options.progress({"f", 1, 2, false});
    options.progress({"f", 2, 2, false});  // too soon after the last
    options.warn("w");
  }
  EXPECT_EQ(streams.err.text(),
            "\r\x1b[Ko/n: f  [##########..........]  50%  1 B of 2 B\r\x1b[K"
            "pellucid: warning: w\n");
}

}  // namespace
}  // namespace pellucid::cli
