#include "base/mapped_file.h"

#include <sys/stat.h>

#include <string>
#include <utility>

#include "base/byte_sink.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/temp_dir.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::TempDir;

std::string TextOf(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()),
          file.bytes().size()};
}

std::string ErrorOf(const std::string& path) {
  const auto file = MappedFile::Open(path);
  if (file.ok()) return "no error";
  EXPECT_EQ(file.error().code, ErrorCode::kModel);
  return file.error().message;
}

TEST(MappedFileTest, HoldsTheBytes) {
  const TempDir dir;
  testutil::WriteFileBytes(dir / "f", AsBytes("some bytes"));
  const auto file = MappedFile::Open(dir / "f");
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(TextOf(*file), "some bytes");
  EXPECT_EQ(file->path(), dir / "f");
}

TEST(MappedFileTest, EmptyFile) {
  const TempDir dir;
  testutil::WriteFileBytes(dir / "f", {});
  const auto file = MappedFile::Open(dir / "f");
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_TRUE(file->bytes().empty());
}

TEST(MappedFileTest, MovesKeepTheMappingInPlace) {
  const TempDir dir;
  testutil::WriteFileBytes(dir / "a", AsBytes("aaa"));
  testutil::WriteFileBytes(dir / "b", AsBytes("bb"));
  auto a = MappedFile::Open(dir / "a");
  auto b = MappedFile::Open(dir / "b");
  ASSERT_TRUE(a.ok() && b.ok());
  const std::byte* const place = a->bytes().data();
  MappedFile moved = std::move(*a);
  EXPECT_EQ(moved.bytes().data(), place);
  moved = std::move(*b);
  EXPECT_EQ(TextOf(moved), "bb");
}

TEST(MappedFileTest, OutlivesTheNameInItsFolder) {
  const TempDir dir;
  testutil::WriteFileBytes(dir / "f", AsBytes("kept"));
  const auto file = MappedFile::Open(dir / "f");
  ASSERT_TRUE(file.ok());
  ASSERT_EQ(std::remove((dir / "f").c_str()), 0);
  EXPECT_EQ(TextOf(*file), "kept");
}

TEST(MappedFileTest, ErrorsNamePathAndReason) {
  const TempDir dir;
  EXPECT_EQ(ErrorOf(dir / "none"),
            "open: " + (dir / "none") + ": no such file; check the path");
  EXPECT_THAT(ErrorOf(dir.path()), HasSubstr("is a folder"));
  EXPECT_THAT(ErrorOf("/dev/null"), HasSubstr("is no regular file"));
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(ErrorOf(dir / "pipe"), HasSubstr("is no regular file"));
  testutil::WriteFileBytes(dir / "f", {});
  EXPECT_THAT(ErrorOf(dir / "f/g"), HasSubstr("Not a directory"));
}

}  // namespace
}  // namespace pellucid
