#include "cli/page_output.h"

#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/run_cli.h"
#include "testutil/temp_dir.h"

namespace pellucid::cli {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testutil::ReadFileText;
using testutil::TempDir;

struct Streams {
  StringSource in{""};
  StringSink out, err;
  Io io{in, out, err};
};

TEST(PageOutputTest, TheFileAppearsWholeAndItsSizeIsSaid) {
  const TempDir dir;
  const std::string path = dir / "page.html";
  Streams streams;
  auto page = PageOutput::Open(path, "lens", streams.io);
  ASSERT_TRUE(page.ok());
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
  (*page)->data().Key("runs");
  (*page)->data().BeginArray();
  (*page)->data().EndArray();
  ASSERT_TRUE((*page)->Commit(streams.io).ok());
  EXPECT_THAT(ReadFileText(path), HasSubstr("\"runs\":[]"));
  EXPECT_EQ(streams.out.text(), "");
  EXPECT_THAT(streams.err.text(),
              AllOf(StartsWith("pellucid: page: "), HasSubstr("/page.html: 1"),
                    HasSubstr(" kB, of them "), EndsWith(" B data\n")));
}

TEST(PageOutputTest, GoesToStandardOutputToo) {
  Streams streams;
  auto page = PageOutput::Open("-", "lens", streams.io);
  ASSERT_TRUE(page.ok());
  ASSERT_TRUE((*page)->Commit(streams.io).ok());
  EXPECT_THAT(streams.out.text(), HasSubstr("<!doctype html>"));
  EXPECT_THAT(streams.err.text(), HasSubstr("page: standard output: "));
}

TEST(PageOutputTest, AFolderThatIsNotThereFailsFirst) {
  Streams streams;
  EXPECT_FALSE(PageOutput::Open("/no/such/f.html", "lens", streams.io).ok());
}

}  // namespace
}  // namespace pellucid::cli
