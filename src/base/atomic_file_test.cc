#include "base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/temp_dir.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using testutil::ReadFileText;
using testutil::TempDir;

void WriteText(const std::string& path, std::string_view text) {
  testutil::WriteFileBytes(path, AsBytes(text));
}

TEST(AtomicFileTest, AppearsWithCommit) {
  const TempDir dir;
  auto file = AtomicFile::Create(dir / "out");
  ASSERT_TRUE(file.ok()) << file.error().message;
  ASSERT_TRUE(file->Write("one ").ok());
  ASSERT_TRUE(file->Write("two").ok());
  EXPECT_THAT(dir.List(), ElementsAre(StartsWith("out.tmp-")));
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_THAT(dir.List(), ElementsAre("out"));
  EXPECT_EQ(ReadFileText(dir / "out"), "one two");
}

TEST(AtomicFileTest, WithoutCommitNothingChanges) {
  const TempDir dir;
  WriteText(dir / "out", "before");
  {
    auto file = AtomicFile::Create(dir / "out");
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->Write("half").ok());
  }
  EXPECT_THAT(dir.List(), ElementsAre("out"));
  EXPECT_EQ(ReadFileText(dir / "out"), "before");
}

TEST(AtomicFileTest, ReplacesAndKeepsPermissions) {
  const TempDir dir;
  WriteText(dir / "out", "before");
  ASSERT_EQ(::chmod((dir / "out").c_str(), 0640), 0);
  auto file = AtomicFile::Create(dir / "out");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->Write("after").ok());
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(ReadFileText(dir / "out"), "after");
  struct stat info {};
  ASSERT_EQ(::stat((dir / "out").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
}

TEST(AtomicFileTest, FollowsSymbolicLinks) {
  const TempDir dir;
  WriteText(dir / "target", "before");
  ASSERT_EQ(::symlink("target", (dir / "link").c_str()), 0);
  auto file = AtomicFile::Create(dir / "link");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->Write("after").ok());
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(ReadFileText(dir / "target"), "after");
  struct stat info {};
  ASSERT_EQ(::lstat((dir / "link").c_str(), &info), 0);
  EXPECT_TRUE(S_ISLNK(info.st_mode));
}

TEST(AtomicFileTest, DevicesAndPipesAreWrittenInPlace) {
  auto null = AtomicFile::Create("/dev/null");
  ASSERT_TRUE(null.ok()) << null.error().message;
  EXPECT_TRUE(null->Write("x").ok());
  EXPECT_TRUE(null->Commit().ok());

  const TempDir dir;
  const std::string pipe = dir / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::string received;
  std::thread reader([&] { received = ReadFileText(pipe); });
  auto file = AtomicFile::Create(pipe);
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_TRUE(file->Write("through the pipe").ok());
  EXPECT_TRUE(file->Commit().ok());
  reader.join();
  EXPECT_EQ(received, "through the pipe");
  EXPECT_THAT(dir.List(), ElementsAre("pipe"));
}

TEST(AtomicFileTest, TwoWritersOfOneTargetDoNotMeet) {
  const TempDir dir;
  auto a = AtomicFile::Create(dir / "out");
  auto b = AtomicFile::Create(dir / "out");
  ASSERT_TRUE(a.ok() && b.ok());
  ASSERT_TRUE(a->Write("aaa").ok());
  ASSERT_TRUE(b->Write("b").ok());
  ASSERT_TRUE(a->Commit().ok());
  EXPECT_EQ(ReadFileText(dir / "out"), "aaa");
  ASSERT_TRUE(b->Commit().ok());
  EXPECT_EQ(ReadFileText(dir / "out"), "b");
  EXPECT_THAT(dir.List(), ElementsAre("out"));
}

TEST(AtomicFileTest, MovesCarryTheFile) {
  const TempDir dir;
  auto first = AtomicFile::Create(dir / "a");
  auto second = AtomicFile::Create(dir / "b");
  ASSERT_TRUE(first.ok() && second.ok());
  AtomicFile kept = std::move(*first);
  kept = std::move(*second);  // drops the temporary of "a"
  ASSERT_TRUE(kept.Write("b").ok());
  ASSERT_TRUE(kept.Commit().ok());
  EXPECT_THAT(dir.List(), ElementsAre("b"));
}

TEST(AtomicFileTest, AbandonedFilesLeaveNothing) {
  const testutil::TempDir dir;
  const auto end_in_the_middle = [&] {
    auto kept = AtomicFile::Create(dir / "kept");
    auto first = AtomicFile::Create(dir / "first");
    auto second = AtomicFile::Create(dir / "second");
    if (!kept->Commit().ok() || !first->Write("half").ok()) ::_exit(1);
    AtomicFile::AbandonAll();
    ::_exit(0);
  };
  EXPECT_EXIT(end_in_the_middle(), ::testing::ExitedWithCode(0), "");
  EXPECT_EQ(dir.List(), std::vector<std::string>{"kept"});
}

TEST(AtomicFileTest, ErrorsNamePathAndReason) {
  const TempDir dir;
  const auto message = [](const std::string& path) {
    const auto file = AtomicFile::Create(path);
    if (file.ok()) return std::string("no error");
    EXPECT_EQ(file.error().code, ErrorCode::kFailed);
    return file.error().message;
  };
  EXPECT_EQ(message(dir / "none/out"),
            "write: " + (dir / "none/out") +
                ": its folder does not exist; create it first");
  EXPECT_THAT(message("/proc/pellucid"), HasSubstr("No such file"));
  EXPECT_THAT(message(dir.path()), HasSubstr("is a folder"));
  WriteText(dir / "file", "");
  EXPECT_THAT(message(dir / "file/out"), HasSubstr("Not a directory"));
  EXPECT_THAT(message(""), HasSubstr("the path is empty"));
}

TEST(AtomicFileTest, FullDiskIsReported) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full";
  auto file = AtomicFile::Create("/dev/full");
  ASSERT_TRUE(file.ok());
  const auto status = file->Write("x");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kFailed);
  EXPECT_THAT(status.error().message, HasSubstr("/dev/full: No space left"));
}

TEST(AtomicFileTest, NothingIsWrittenAfterCommit) {
  const TempDir dir;
  auto file = AtomicFile::Create(dir / "out");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_FALSE(file->Write("x").ok());
  EXPECT_FALSE(file->Commit().ok());
  EXPECT_EQ(ReadFileText(dir / "out"), "");
}

}  // namespace
}  // namespace pellucid
