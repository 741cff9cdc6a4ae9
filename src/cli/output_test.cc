#include "cli/output.h"

#include <gtest/gtest.h>

#include "testutil/temp_dir.h"

namespace pellucid::cli {
namespace {

using testutil::ReadFileText;
using testutil::TempDir;

struct Streams {
  StringSource in{""};
  StringSink out, err;
  Io io{in, out, err};
};

class BrokenSink : public Sink {
 public:
  Status Write(std::string_view) override {
    ++writes;
    return FailedError("write: broken");
  }
  int writes = 0;
};

TEST(OutputTest, ADashIsStandardOutput) {
  Streams streams;
  const auto output = Output::Open("-", streams.io).value();
  output->sink()("a");
  output->sink()("b");
  EXPECT_TRUE(output->Commit().ok());
  EXPECT_EQ(streams.out.text(), "ab");
}

TEST(OutputTest, AFileAppearsWithCommitOnly) {
  const TempDir dir;
  Streams streams;
  {
    const auto left = Output::Open(dir / "left.json", streams.io).value();
    left->sink()("abc");
  }
  EXPECT_TRUE(dir.List().empty());
  const auto output = Output::Open(dir / "f.json", streams.io).value();
  output->sink()("abc");
  EXPECT_TRUE(output->Commit().ok());
  EXPECT_EQ(ReadFileText(dir / "f.json"), "abc");
  EXPECT_EQ(dir.List(), std::vector<std::string>{"f.json"});
}

TEST(OutputTest, TheFirstErrorIsKept) {
  StringSource in("");
  BrokenSink out;
  StringSink err;
  Io io{in, out, err};
  const auto output = Output::Open("-", io).value();
  output->sink()("a");
  output->sink()("b");
  EXPECT_EQ(out.writes, 1);
  EXPECT_EQ(output->Commit().error().message, "write: broken");
}

TEST(OutputTest, AFolderThatIsNotThereFailsAtOnce) {
  const TempDir dir;
  Streams streams;
  const auto output = Output::Open(dir / "none/f.json", streams.io);
  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.error().code, ErrorCode::kFailed);
}

}  // namespace
}  // namespace pellucid::cli
