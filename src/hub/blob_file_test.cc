#include "hub/blob_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "testutil/temp_dir.h"

namespace pellucid::hub {
namespace {

using testutil::ReadFileText;
using testutil::TempDir;

Status AppendText(BlobFile& file, std::string_view text) {
  return file.Append(std::as_bytes(std::span(text)));
}

// `sha256sum` and `git hash-object` of "hello\n".
constexpr std::string_view kSha256 =
    "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
constexpr std::string_view kGitSha1 =
    "ce013625030ba8dba906f756967f9e9ca394464a";

TEST(BlobFileTest, GrowsOverSeveralRunsAndKnowsItsHash) {
  const TempDir dir;
  const std::string path = dir / "x.incomplete";
  {
    auto file = BlobFile::Open(path);
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(file->size(), 0u);
    EXPECT_TRUE(AppendText(*file, "hel").ok());
    EXPECT_FALSE(file->Matches(kSha256, {}).value());
  }
  EXPECT_EQ(ReadFileText(path), "hel");
  auto file = BlobFile::Open(path);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->size(), 3u);
  EXPECT_TRUE(AppendText(*file, "lo\n").ok());
  EXPECT_TRUE(file->Matches(kSha256, {}).value());
  EXPECT_TRUE(file->Matches(kGitSha1, {}).value());
  EXPECT_TRUE(file->Matches("an-etag-of-a-mirror", {}).value());
  EXPECT_TRUE(file->MoveTo(dir / "x").ok());
  EXPECT_EQ(ReadFileText(dir / "x"), "hello\n");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(BlobFileTest, BeginsAnew) {
  const TempDir dir;
  auto file = BlobFile::Open(dir / "x.incomplete");
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(AppendText(*file, "something longer").ok());
  EXPECT_TRUE(file->Restart().ok());
  EXPECT_EQ(file->size(), 0u);
  EXPECT_TRUE(AppendText(*file, "hello\n").ok());
  EXPECT_TRUE(file->Matches(kGitSha1, {}).value());
}

TEST(BlobFileTest, StopsWhileItHashes) {
  const TempDir dir;
  auto file = BlobFile::Open(dir / "x.incomplete");
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(AppendText(*file, "hello\n").ok());
  std::stop_source source;
  source.request_stop();
  const auto matches = file->Matches(kSha256, source.get_token());
  ASSERT_FALSE(matches.ok());
  EXPECT_EQ(matches.error().code, ErrorCode::kCancelled);
}

TEST(BlobFileTest, WhatCannotBeWrittenIsSaid) {
  const auto file = BlobFile::Open("/nonexistent/x.incomplete");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, ErrorCode::kFailed);
  EXPECT_NE(file.error().message.find("/nonexistent/x.incomplete"),
            std::string::npos);
  auto full = BlobFile::Open("/dev/full");
  ASSERT_TRUE(full.ok());
  EXPECT_FALSE(AppendText(*full, "hello\n").ok());
}

}  // namespace
}  // namespace pellucid::hub
