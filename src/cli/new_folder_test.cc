#include "cli/new_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/temp_dir.h"

namespace pellucid::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testutil::TempDir;

void Touch(const std::string& path) { testutil::WriteFileBytes(path, {}); }

TEST(NewFolderTest, WhatIsNotKeptIsGone) {
  const TempDir dir;
  for (const char* name : {"a", "b/c", "d/"}) {
    const auto folder = NewFolder::Make(dir / name);
    ASSERT_TRUE(folder.ok()) << folder.error().message;
    EXPECT_TRUE(std::filesystem::is_directory(dir / name));
  }
  EXPECT_THAT(dir.List(), IsEmpty());
}

TEST(NewFolderTest, WhatIsKeptOrFilledStays) {
  const TempDir dir;
  {
    NewFolder kept = NewFolder::Make(dir / "kept").value();
    NewFolder moved = std::move(kept);
    moved.Keep();
    const NewFolder filled = NewFolder::Make(dir / "filled/").value();
    EXPECT_EQ(filled / "x", dir / "filled/x");
    Touch(filled / "x");
  }
  EXPECT_THAT(dir.List(), ElementsAre("filled", "kept"));
}

TEST(NewFolderTest, WhatWasThereStays) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "old");
  { const NewFolder again = NewFolder::Make(dir / "old/new").value(); }
  EXPECT_THAT(dir.List(), ElementsAre("old"));
  EXPECT_TRUE(std::filesystem::is_empty(dir / "old"));
}

TEST(NewFolderTest, AFileInTheWayIsAnError) {
  const TempDir dir;
  Touch(dir / "file");
  for (const char* name : {"file", "file/below"}) {
    const auto folder = NewFolder::Make(dir / name);
    ASSERT_FALSE(folder.ok());
    EXPECT_EQ(folder.error().code, ErrorCode::kFailed);
    EXPECT_THAT(folder.error().message, HasSubstr("cannot be made a folder"));
  }
  EXPECT_THAT(dir.List(), ElementsAre("file"));
}

}  // namespace
}  // namespace pellucid::cli
