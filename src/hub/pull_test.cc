#include "hub/pull.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "hub/repo_cache.h"
#include "testutil/environment.h"
#include "testutil/fake_hub.h"
#include "testutil/temp_dir.h"

namespace pellucid::hub {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testutil::FakeHub;
using testutil::ReadFileText;
using testutil::ScopedEnvironment;
using testutil::ServerAnswer;
using testutil::ServerRequest;
using testutil::TempDir;

constexpr const char* kIndex =
    R"({"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors",
                       "c": "model-1.safetensors"}})";

class PullTest : public ::testing::Test {
 protected:
  PullTest() {
    settings_.endpoint = hub_.hub().url();
    settings_.cache = dir_ / "hub";
    settings_.token = "hf_secret";
    settings_.retry_delay = 1ms;
    options_.warn = [this](const std::string& text) { warnings_ += text; };
    options_.progress = [this](const DownloadProgress& progress) {
      progress_.push_back(progress);
    };
  }
  void AddSmallModel() {
    hub_.Add("config.json", "{}", /*lfs=*/false);
    hub_.Add("tokenizer.json", "{\"model\": {}}", /*lfs=*/false);
    hub_.Add("README.md", "read me", /*lfs=*/false);
    hub_.Add("model.safetensors", std::string(100000, 'w'), /*lfs=*/true);
  }
  Result<PulledModel> Pull(const std::string& reference = "org/name",
                           Part part = Part::kModel) {
    return PullModel(*ParseHubName(reference), part, settings_, options_);
  }
  RepoCache Cache() const { return RepoCache(settings_, "org/name"); }
  static std::vector<std::string> NamesOf(const PulledModel& model) {
    std::vector<std::string> names;
    for (const PulledFile& file : model.files) names.push_back(file.name);
    return names;
  }
  void HubFails(int status) {
    hub_.SetFault(
        [status](const ServerRequest&) { return ServerAnswer{status}; });
  }

  const ScopedEnvironment no_proxy_{"no_proxy", "*"};
  const TempDir dir_;
  FakeHub hub_;
  Settings settings_;
  HubOptions options_;
  std::string warnings_;
  std::vector<DownloadProgress> progress_;
};

TEST_F(PullTest, AModelComesWhole) {
  AddSmallModel();
  const auto pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled.error().message;
  EXPECT_EQ(pulled->commit, FakeHub::kCommit);
  EXPECT_EQ(pulled->path, Cache().Snapshot(FakeHub::kCommit));
  EXPECT_TRUE(pulled->is_current);
  EXPECT_THAT(NamesOf(*pulled), ElementsAre("config.json", "tokenizer.json",
                                            "model.safetensors"));
  EXPECT_EQ(pulled->files[2].bytes, 100000u);
  EXPECT_TRUE(pulled->files[2].downloaded);
  EXPECT_EQ(ReadFileText(pulled->path + "/model.safetensors"),
            std::string(100000, 'w'));
  EXPECT_FALSE(fs::exists(pulled->path + "/README.md"));
  EXPECT_EQ(Cache().CommitOf("main"), FakeHub::kCommit);
  EXPECT_TRUE(Cache().IsKnownAbsent(FakeHub::kCommit, "merges.txt"));
  EXPECT_FALSE(Cache().IsKnownAbsent(FakeHub::kCommit, "tokenizer.json"));
  EXPECT_TRUE(FindCached(Cache(), *ParseHubName("org/name"), Part::kModel)
                  ->is_complete);
  EXPECT_EQ(warnings_, "");

  ASSERT_FALSE(progress_.empty());
  std::uint64_t before = 0;
  for (const DownloadProgress& progress : progress_) {
    EXPECT_EQ(progress.total_bytes, 100015u);
    EXPECT_GE(progress.bytes, before);
    before = progress.bytes;
  }
  EXPECT_EQ(before, 100015u);
  EXPECT_EQ(progress_.back().file, "model.safetensors");
}

TEST_F(PullTest, TheSecondTimeOnlyAsks) {
  AddSmallModel();
  ASSERT_TRUE(Pull().ok());
  const std::size_t asked = hub_.hub().requests().size();
  const auto again = Pull();
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->files.size(), 3u);
  for (const PulledFile& file : again->files) EXPECT_FALSE(file.downloaded);
  EXPECT_EQ(hub_.hub().requests().size(), asked + 1);
}

TEST_F(PullTest, ShardsAreThoseOfTheIndex) {
  hub_.Add("config.json", "{}", false);
  hub_.Add("model.safetensors.index.json", kIndex, false);
  hub_.Add("model-1.safetensors", "one", true);
  hub_.Add("model-2.safetensors", "two", true);
  hub_.Add("model-3.safetensors", "of something else", true);
  const auto pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled.error().message;
  EXPECT_THAT(NamesOf(*pulled),
              ElementsAre("config.json", "model.safetensors.index.json",
                          "model-1.safetensors", "model-2.safetensors"));
  EXPECT_EQ(ReadFileText(pulled->path + "/model-2.safetensors"), "two");
}

TEST_F(PullTest, AnIndexThatLeavesTheFolderIsRefused) {
  hub_.Add("config.json", "{}", false);
  hub_.Add("model.safetensors.index.json",
           R"({"weight_map": {"a": "../../x.safetensors"}})", false);
  const auto pulled = Pull();
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().code, ErrorCode::kModel);
  EXPECT_FALSE(Cache().CommitOf("main"));
}

TEST_F(PullTest, AnIndexOfMissingShardsIsRefused) {
  hub_.Add("config.json", "{}", false);
  hub_.Add("model.safetensors.index.json", kIndex, false);
  hub_.Add("model-1.safetensors", "one", true);
  const auto pulled = Pull();
  ASSERT_FALSE(pulled.ok());
  EXPECT_THAT(pulled.error().message,
              HasSubstr("its index names model-2.safetensors"));
}

TEST_F(PullTest, ARevisionIsKeptUnderItsName) {
  AddSmallModel();
  ASSERT_TRUE(Pull("org/name@refs/pr/1").ok());
  EXPECT_EQ(Cache().CommitOf("refs/pr/1"), FakeHub::kCommit);
  EXPECT_FALSE(Cache().CommitOf("main"));
  const auto none = Pull("org/name@v9");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::kModel);
  EXPECT_THAT(none.error().message, HasSubstr("no revision v9"));
}

TEST_F(PullTest, AGgufFileIsOpenedItself) {
  hub_.Add("a.gguf", "GGUF a", true);
  hub_.Add("b.gguf", "GGUF b", true);
  const auto pulled = Pull("org/name:b.gguf");
  ASSERT_TRUE(pulled.ok()) << pulled.error().message;
  EXPECT_EQ(pulled->path, Cache().SnapshotPath(FakeHub::kCommit, "b.gguf"));
  EXPECT_EQ(ReadFileText(pulled->path), "GGUF b");
  EXPECT_FALSE(Cache().Has(FakeHub::kCommit, "a.gguf"));
  EXPECT_FALSE(Pull().ok());
}

TEST_F(PullTest, ATokenizerAloneBringsNoWeights) {
  AddSmallModel();
  const auto pulled = Pull("org/name", Part::kTokenizer);
  ASSERT_TRUE(pulled.ok()) << pulled.error().message;
  EXPECT_THAT(NamesOf(*pulled), ElementsAre("config.json", "tokenizer.json"));
  EXPECT_TRUE(hub_.store().requests().empty());
  EXPECT_TRUE(Pull().ok());
  EXPECT_EQ(hub_.store().requests().size(), 1u);
}

TEST_F(PullTest, AGatedModelSaysHowToGetIn) {
  AddSmallModel();
  hub_.SetFault(
      [](const ServerRequest& request) -> std::optional<ServerAnswer> {
        if (request.target.find("/api/") != std::string::npos)
          return std::nullopt;
        return ServerAnswer{403, {{"X-Error-Code", "GatedRepo"}}, "gated"};
      });
  const auto pulled = Pull();
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().code, ErrorCode::kModel);
  EXPECT_THAT(pulled.error().message, HasSubstr("is gated; accept its terms"));
}

TEST_F(PullTest, WithoutANetworkTheCacheServesWithAWarning) {
  AddSmallModel();
  ASSERT_TRUE(Pull().ok());
  for (const int status : {500, 429}) {
    HubFails(status);
    warnings_.clear();
    const std::size_t asked = hub_.hub().requests().size();
    const auto pulled = Pull();
    ASSERT_TRUE(pulled.ok()) << pulled.error().message;
    EXPECT_FALSE(pulled->is_current);
    EXPECT_EQ(pulled->path, Cache().Snapshot(FakeHub::kCommit));
    EXPECT_THAT(warnings_, HasSubstr("going on with what the cache has, "
                                     "commit 0123456789"));
    EXPECT_EQ(hub_.hub().requests().size(), asked + 1);  // no second try
  }
  settings_.endpoint = "http://127.0.0.1:1";
  EXPECT_TRUE(Pull().ok());
  // What the hub refuses is not had from the cache unsaid.
  settings_.endpoint = hub_.hub().url();
  HubFails(401);
  EXPECT_FALSE(Pull().ok());
}

TEST_F(PullTest, WithoutANetworkAndACacheThereIsNothing) {
  HubFails(503);
  const auto pulled = Pull();
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().code, ErrorCode::kFailed);
  EXPECT_EQ(hub_.hub().requests().size(), 5u);
  EXPECT_FALSE(fs::exists(settings_.cache));
}

TEST_F(PullTest, OfflineNobodyIsAsked) {
  AddSmallModel();
  settings_.offline = true;
  const auto none = Pull();
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::kModel);
  EXPECT_THAT(none.error().message, HasSubstr("HF_HUB_OFFLINE forbids"));
  settings_.offline = false;
  ASSERT_TRUE(Pull().ok());
  const std::size_t asked = hub_.hub().requests().size();
  settings_.offline = true;
  const auto pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled.error().message;
  EXPECT_FALSE(pulled->is_current);
  EXPECT_EQ(pulled->path, Cache().Snapshot(FakeHub::kCommit));
  EXPECT_TRUE(Pull("org/name@" + std::string(FakeHub::kCommit)).ok());
  EXPECT_EQ(hub_.hub().requests().size(), asked);
}

// What is half here is neither taken for whole nor named by a ref.
TEST_F(PullTest, ABrokenPullIsGoneOnWith) {
  AddSmallModel();
  hub_.SetStoreFault([](const ServerRequest&) { return ServerAnswer{403}; });
  EXPECT_FALSE(Pull().ok());
  EXPECT_FALSE(Cache().CommitOf("main"));
  EXPECT_TRUE(Cache().Has(FakeHub::kCommit, "config.json"));
  hub_.SetStoreFault({});
  const auto pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled.error().message;
  EXPECT_FALSE(pulled->files[0].downloaded);
  EXPECT_TRUE(pulled->files[2].downloaded);
}

TEST_F(PullTest, AStopIsNoFailureOfTheNetwork) {
  AddSmallModel();
  ASSERT_TRUE(Pull().ok());
  std::stop_source source;
  source.request_stop();
  options_.stop = source.get_token();
  const auto pulled = Pull();
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().code, ErrorCode::kCancelled);
}

TEST_F(PullTest, WithoutSymlinksTheFilesLieInTheSnapshot) {
  AddSmallModel();
  settings_.symlinks = false;
  const auto pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled.error().message;
  EXPECT_FALSE(fs::is_symlink(pulled->path + "/model.safetensors"));
  const auto again = Pull();
  ASSERT_TRUE(again.ok()) << again.error().message;
  for (const PulledFile& file : again->files) EXPECT_FALSE(file.downloaded);
}

}  // namespace
}  // namespace pellucid::hub
