#include "hub/cached_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "hub/repo_cache.h"
#include "testutil/temp_dir.h"

namespace pellucid::hub {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testutil::TempDir;

const std::string kA(40, 'a'), kB(40, 'b');

class CachedModelsTest : public ::testing::Test {
 protected:
  CachedModelsTest() { settings_.cache = dir_ / "hub"; }
  void Put(const std::string& path, const std::string& text) const {
    fs::create_directories((fs::path(dir_.path()) / path).parent_path());
    std::ofstream(dir_ / path) << text;
  }
  std::vector<std::string> References() const {
    std::vector<std::string> references;
    for (const LocalModel& model : ModelsInCache(settings_)) {
      references.push_back(model.reference);
    }
    return references;
  }

  const TempDir dir_;
  Settings settings_;
};

TEST_F(CachedModelsTest, NoCacheHoldsNothing) {
  EXPECT_TRUE(ModelsInCache(settings_).empty());
  EXPECT_TRUE(ModelsInFolder(dir_ / "models").empty());
}

TEST_F(CachedModelsTest, SnapshotsStandUnderTheirNames) {
  const std::string repo = "hub/models--org--name/";
  Put(repo + "blobs/x", "12345");
  fs::create_directories(dir_ / (repo + "snapshots/" + kA));
  fs::create_symlink("../../blobs/x",
                     dir_ / (repo + "snapshots/" + kA + "/model.safetensors"));
  Put(repo + "snapshots/" + kA + "/config.json", "{}");
  Put(repo + "snapshots/" + kB + "/config.json", "{}");
  Put(repo + "refs/main", kA);
  Put(repo + "refs/refs/pr/1", kA);
  Put(repo + "refs/broken", "no commit");
  Put("hub/datasets--org--data/snapshots/" + kA + "/x", "x");
  Put("hub/models--gpt2/snapshots/" + kA + "/config.json", "{}");
  Put("hub/.locks/models--org--name/x.lock", "");
  const std::vector<LocalModel> models = ModelsInCache(settings_);
  EXPECT_THAT(References(),
              ElementsAre("org/name", "org/name@" + kB, "org/name@refs/pr/1"));
  ASSERT_EQ(models.size(), 3u);
  EXPECT_EQ(models[0].revision, "main");
  EXPECT_EQ(models[0].commit, kA);
  EXPECT_EQ(models[0].bytes, 7u);
  EXPECT_EQ(models[0].path, dir_ / (repo + "snapshots/" + kA));
  EXPECT_EQ(models[1].path, "");  // no weights
  EXPECT_EQ(models[1].bytes, 2u);
}

TEST_F(CachedModelsTest, EachGgufIsAModel) {
  const std::string snapshot = "hub/models--org--name/snapshots/" + kA + "/";
  Put("hub/models--org--name/refs/main", kA);
  Put(snapshot + "a.gguf", "1");
  Put(snapshot + "sub/b-00001-of-00002.gguf", "22");
  Put(snapshot + "sub/b-00002-of-00002.gguf", "333");
  const std::vector<LocalModel> models = ModelsInCache(settings_);
  ASSERT_THAT(References(), ElementsAre("org/name:a.gguf",
                                        "org/name:sub/b-00001-of-00002.gguf"));
  EXPECT_EQ(models[0].path, dir_ / (snapshot + "a.gguf"));
  EXPECT_EQ(models[1].bytes, 5u);
  EXPECT_EQ(models[1].path, dir_ / (snapshot + "sub/b-00001-of-00002.gguf"));
}

TEST_F(CachedModelsTest, TheFolderOfBuiltInModels) {
  Put("models/smollm2-135m.gguf", "12345");
  Put("models/other/config.json", "{}");
  Put("models/notes.txt", "no model");
  const std::vector<LocalModel> models = ModelsInFolder(dir_ / "models");
  ASSERT_EQ(models.size(), 2u);
  EXPECT_EQ(models[0].reference, dir_ / "models/other");
  EXPECT_EQ(models[0].bytes, 2u);
  EXPECT_EQ(models[1].reference, "smollm2-135m");
  EXPECT_EQ(models[1].bytes, 5u);
}

}  // namespace
}  // namespace pellucid::hub
