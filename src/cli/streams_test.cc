#include "cli/streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "testutil/temp_dir.h"

namespace pellucid::cli {
namespace {

std::array<int, 2> MakePipe() {
  std::array<int, 2> ends = {-1, -1};
  EXPECT_EQ(::pipe(ends.data()), 0);
  return ends;
}

std::vector<std::string> LinesOf(const std::string& text) {
  StringSource source(text);
  LineReader reader(source, 100);
  std::vector<std::string> lines;
  std::string line;
  while (reader.Next(&line).value()) lines.push_back(line);
  EXPECT_EQ(reader.number(), lines.size());
  return lines;
}

using Lines = std::vector<std::string>;

TEST(LineReaderTest, OnlyTheLastLineMayLackItsLineFeed) {
  EXPECT_EQ(LinesOf(""), Lines{});
  EXPECT_EQ(LinesOf("a"), Lines{"a"});
  EXPECT_EQ(LinesOf("a\n"), Lines{"a"});
  EXPECT_EQ(LinesOf("a\n\nb\r"), (Lines{"a", "", "b\r"}));
  EXPECT_EQ(LinesOf("\n"), Lines{""});
}

TEST(LineReaderTest, LinesLongerThanAChunkAreWhole) {
  const std::string wide(200000, 'x');
  StringSource source(wide + "\n" + wide);
  LineReader reader(source, wide.size());
  std::string line;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(reader.Next(&line).value());
    EXPECT_EQ(line, wide);
  }
  EXPECT_FALSE(reader.Next(&line).value());
}

TEST(LineReaderTest, AnEndlessLineIsRefused) {
  StringSource source("ab\n" + std::string(1000, 'x'), "f.jsonl");
  LineReader reader(source, 100);
  std::string line;
  ASSERT_TRUE(reader.Next(&line).value());
  const auto more = reader.Next(&line);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().message,
            "read: f.jsonl line 2: has more than 100 bytes; split it");
}

TEST(ReadAllTest, ReadsToTheLimit) {
  StringSource whole("abc");
  EXPECT_EQ(ReadAll(whole, 3).value(), "abc");
  StringSource longer("abcd");
  EXPECT_EQ(ReadAll(longer, 3).error().code, ErrorCode::kUsage);
}

TEST(OpenSourceTest, MissingFilesAndFoldersAreNamed) {
  const testutil::TempDir dir;
  const auto missing = OpenSource(dir / "none.txt", -1);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kModel);
  EXPECT_EQ(missing.error().message,
            "read: " + (dir / "none.txt") +
                ": input file not found; check the path and its permissions");
  EXPECT_EQ(OpenSource(dir.path(), -1).error().code, ErrorCode::kModel);
}

TEST(DescriptorSourceTest, AnInterruptEndsAReadThatWaits) {
  const auto data = MakePipe(), interrupt = MakePipe();
  DescriptorSource source(data[0], "standard input", interrupt[0]);
  std::array<char, 8> buffer;
  ASSERT_EQ(::write(data[1], "ab", 2), 2);
  EXPECT_EQ(source.Read(buffer).value(), 2u);
  ASSERT_EQ(::write(interrupt[1], "!", 1), 1);
  const auto got = source.Read(buffer);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, ErrorCode::kCancelled);
  for (const int fd : {data[0], data[1], interrupt[0], interrupt[1]}) {
    ::close(fd);
  }
}

TEST(DescriptorSinkTest, AClosedPipeIsAFailureThatIsKnown) {
  const auto old_handler = std::signal(SIGPIPE, SIG_IGN);
  const auto ends = MakePipe();
  DescriptorSink sink(ends[1], "standard output", /*interrupt_fd=*/-1);
  EXPECT_TRUE(sink.Write("ab").ok());
  EXPECT_FALSE(sink.ReaderGone());
  ::close(ends[0]);
  EXPECT_EQ(sink.Write("cd").error().code, ErrorCode::kFailed);
  EXPECT_TRUE(sink.ReaderGone());
  ::close(ends[1]);
  std::signal(SIGPIPE, old_handler);
}

// A pipe that nobody reads fills up; the interrupt ends the wait.
TEST(DescriptorSinkTest, AnInterruptEndsAWriteThatWaits) {
  int ends[2], interrupt[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::pipe(interrupt), 0);
  ASSERT_EQ(::write(interrupt[1], "x", 1), 1);
  DescriptorSink sink(ends[1], "standard output", interrupt[0]);
  const Status written = sink.Write(std::string(1 << 20, 'x'));
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::kCancelled);
  for (const int fd : {ends[0], ends[1], interrupt[0], interrupt[1]}) {
    ::close(fd);
  }
}

TEST(DescriptorSinkTest, AFullDiskIsAFailureWithItsReason) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (full < 0) GTEST_SKIP() << "no /dev/full here";
  DescriptorSink sink(full, "standard output", /*interrupt_fd=*/-1);
  EXPECT_EQ(sink.Write("ab").error().message,
            "write: standard output: No space left on device, 2 bytes are "
            "left; check where the output goes");
  EXPECT_FALSE(sink.ReaderGone());
  ::close(full);
}

}  // namespace
}  // namespace pellucid::cli
