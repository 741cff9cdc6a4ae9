#include "hub/repo_cache.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "testutil/temp_dir.h"

namespace pellucid::hub {
namespace {

namespace fs = std::filesystem;
using testutil::ReadFileText;
using testutil::TempDir;

const std::string kCommit(40, 'a');

class RepoCacheTest : public ::testing::Test {
 protected:
  RepoCache Cache(bool symlinks = true) const {
    Settings settings;
    settings.cache = dir_ / "hub";
    settings.symlinks = symlinks;
    return RepoCache(settings, "org/name");
  }
  // With the folders there and one blob, "etag".
  RepoCache CacheWithBlob(bool symlinks = true) const {
    RepoCache cache = Cache(symlinks);
    EXPECT_TRUE(cache.Prepare().ok());
    std::ofstream(cache.BlobPath("etag")) << "bytes";
    return cache;
  }

  const TempDir dir_;
};

TEST_F(RepoCacheTest, PathsAreThoseOfHuggingFace) {
  const RepoCache cache = Cache();
  const std::string folder = dir_ / "hub/models--org--name";
  EXPECT_EQ(cache.folder(), folder);
  EXPECT_EQ(cache.BlobPath("e"), folder + "/blobs/e");
  EXPECT_EQ(cache.LockPath("e"), dir_ / "hub/.locks/models--org--name/e.lock");
  EXPECT_EQ(cache.Snapshot("c"), folder + "/snapshots/c");
  EXPECT_EQ(cache.SnapshotPath("c", "a/b"), folder + "/snapshots/c/a/b");
}

TEST_F(RepoCacheTest, AnEmptyCacheKnowsNothing) {
  const RepoCache cache = Cache();
  EXPECT_FALSE(cache.CommitOf("main"));
  EXPECT_EQ(cache.CommitOf(kCommit), kCommit);
  EXPECT_FALSE(cache.HasSnapshot(kCommit));
  EXPECT_FALSE(cache.Has(kCommit, "config.json"));
  EXPECT_FALSE(cache.IsKnownAbsent(kCommit, "config.json"));
  EXPECT_FALSE(fs::exists(dir_ / "hub"));
}

TEST_F(RepoCacheTest, ARefIsTheCommitAndNothingElse) {
  const RepoCache cache = Cache();
  ASSERT_TRUE(cache.WriteRef("main", kCommit).ok());
  ASSERT_TRUE(cache.WriteRef("refs/pr/1", kCommit).ok());
  ASSERT_TRUE(cache.WriteRef(kCommit, kCommit).ok());
  EXPECT_EQ(ReadFileText(cache.folder() + "/refs/main"), kCommit);
  EXPECT_EQ(ReadFileText(cache.folder() + "/refs/refs/pr/1"), kCommit);
  EXPECT_FALSE(fs::exists(cache.folder() + "/refs/" + kCommit));
  EXPECT_EQ(cache.CommitOf("refs/pr/1"), kCommit);
  const std::string other(40, 'b');
  ASSERT_TRUE(cache.WriteRef("main", other).ok());
  EXPECT_EQ(cache.CommitOf("main"), other);
  for (const std::string& damaged : {std::string(), std::string("main"),
                                     kCommit + "/../x", std::string(39, 'a')}) {
    std::ofstream(cache.folder() + "/refs/main") << damaged;
    EXPECT_FALSE(cache.CommitOf("main")) << damaged;
  }
}

TEST_F(RepoCacheTest, ASnapshotLinksToBlobsByRelativePaths) {
  const RepoCache cache = CacheWithBlob();
  ASSERT_TRUE(cache.Link("etag", kCommit, "config.json").ok());
  ASSERT_TRUE(cache.Link("etag", kCommit, "a/b/c.json").ok());
  EXPECT_EQ(fs::read_symlink(cache.SnapshotPath(kCommit, "config.json")),
            "../../blobs/etag");
  EXPECT_EQ(fs::read_symlink(cache.SnapshotPath(kCommit, "a/b/c.json")),
            "../../../../blobs/etag");
  EXPECT_TRUE(cache.Has(kCommit, "a/b/c.json"));
  // The whole can be moved.
  fs::rename(dir_ / "hub", dir_ / "moved");
  EXPECT_EQ(ReadFileText(dir_ / "moved/models--org--name/snapshots" + "/" +
                         kCommit + "/a/b/c.json"),
            "bytes");
}

TEST_F(RepoCacheTest, ALinkToNothingIsReplaced) {
  const RepoCache cache = CacheWithBlob();
  fs::create_directories(cache.Snapshot(kCommit));
  fs::create_symlink("../../blobs/gone",
                     cache.SnapshotPath(kCommit, "config.json"));
  EXPECT_FALSE(cache.Has(kCommit, "config.json"));
  ASSERT_TRUE(cache.Link("etag", kCommit, "config.json").ok());
  EXPECT_EQ(ReadFileText(cache.SnapshotPath(kCommit, "config.json")), "bytes");
}

TEST_F(RepoCacheTest, WithoutLinksTheSnapshotHasTheBytes) {
  const RepoCache cache = CacheWithBlob(/*symlinks=*/false);
  ASSERT_TRUE(cache.Link("etag", kCommit, "config.json").ok());
  const std::string path = cache.SnapshotPath(kCommit, "config.json");
  EXPECT_FALSE(fs::is_symlink(path));
  EXPECT_EQ(ReadFileText(path), "bytes");
  EXPECT_FALSE(fs::exists(cache.BlobPath("etag")));
}

TEST_F(RepoCacheTest, AbsenceIsRemembered) {
  const RepoCache cache = Cache();
  cache.MarkAbsent(kCommit, "a/tokenizer.json");
  EXPECT_TRUE(cache.IsKnownAbsent(kCommit, "a/tokenizer.json"));
  EXPECT_FALSE(cache.IsKnownAbsent(std::string(40, 'b'), "a/tokenizer.json"));
  EXPECT_EQ(fs::file_size(cache.folder() + "/.no_exist/" + kCommit +
                          "/a/tokenizer.json"),
            0u);
}

TEST_F(RepoCacheTest, TheCacheIsMarkedForBackups) {
  ASSERT_TRUE(Cache().Prepare().ok());
  EXPECT_TRUE(ReadFileText(dir_ / "hub/CACHEDIR.TAG")
                  .starts_with("Signature: 8a477f597d28d172789f06886806bc55"));
}

TEST_F(RepoCacheTest, WhatCannotBeMadeIsSaid) {
  std::ofstream(dir_ / "hub") << "a file where the folder should be";
  const Status prepared = Cache().Prepare();
  ASSERT_FALSE(prepared.ok());
  EXPECT_EQ(prepared.error().code, ErrorCode::kFailed);
  EXPECT_NE(prepared.error().message.find(dir_ / "hub"), std::string::npos);
}

TEST_F(RepoCacheTest, AnEtagIsAFilesName) {
  EXPECT_TRUE(IsPlainEtag("0123abcd"));
  EXPECT_TRUE(IsPlainEtag("abc-5"));
  for (const std::string& bad :
       {std::string(), std::string(".."), std::string("a/b"),
        std::string(".hidden"), std::string("a b"), std::string("a\\b"),
        std::string("a\n"), std::string(201, 'a')}) {
    EXPECT_FALSE(IsPlainEtag(bad)) << bad;
  }
}

}  // namespace
}  // namespace pellucid::hub
