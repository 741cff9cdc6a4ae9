#include "hub/file_lock.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "testutil/temp_dir.h"

namespace pellucid::hub {
namespace {

using testutil::TempDir;

TEST(FileLockTest, OneHolderAtATime) {
  const TempDir dir;
  const std::string path = dir / "x.lock";
  std::stop_source source;
  int waits = 0;
  {
    const auto first = FileLock::Take(path, source.get_token(), {});
    ASSERT_TRUE(first.ok());
    EXPECT_TRUE(first->held());
    // flock is of the open file, so that another in the same process waits.
    const auto second = FileLock::Take(path, source.get_token(), [&] {
      if (++waits == 3) source.request_stop();
    });
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::kCancelled);
    EXPECT_EQ(waits, 3);
  }
  const auto third = FileLock::Take(path, {}, [] { FAIL(); });
  EXPECT_TRUE(third.ok());
  EXPECT_TRUE(std::filesystem::exists(path));
}

// Whoever removed the file meanwhile would let the next one in beside us.
TEST(FileLockTest, AFileThatLostItsNameIsNoLock) {
  const TempDir dir;
  const std::string path = dir / "x.lock";
  auto first = FileLock::Take(path, {}, {});
  ASSERT_TRUE(first.ok());
  ::unlink(path.c_str());
  const auto second = FileLock::Take(path, {}, [] { FAIL(); });
  ASSERT_TRUE(second.ok());
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0);
}

TEST(FileLockTest, AFolderThatIsNotThereIsSaid) {
  const auto lock = FileLock::Take("/nonexistent/x.lock", {}, {});
  ASSERT_FALSE(lock.ok());
  EXPECT_EQ(lock.error().code, ErrorCode::kFailed);
  EXPECT_NE(lock.error().message.find("/nonexistent/x.lock"),
            std::string::npos);
}

}  // namespace
}  // namespace pellucid::hub
