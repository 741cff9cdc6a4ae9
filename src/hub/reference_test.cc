#include "hub/reference.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "testutil/environment.h"
#include "testutil/fake_hub.h"
#include "testutil/temp_dir.h"

namespace pellucid::hub {
namespace {

using testutil::FakeHub;
using testutil::ScopedEnvironment;
using testutil::TempDir;

TEST(ReferenceTest, AnExistingPathIsTakenAsItIs) {
  const std::string path = PELLUCID_SOURCE_DIR "/CMakeLists.txt";
  EXPECT_EQ(ResolveModel(path).value(), path);
}

TEST(ReferenceTest, TheBuiltInNameLiesInPellucidHome) {
  const std::string home = ::testing::TempDir() + "/reference_test_home";
  const ScopedEnvironment set("PELLUCID_HOME", home);
  std::filesystem::remove_all(home);
  const auto missing = ResolveModel("smollm2-135m");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kModel);
  EXPECT_EQ(missing.error().message,
            "open: smollm2-135m: the built-in model is not at " + home +
                "/models/smollm2-135m.gguf; get it with: script/get-model");

  std::filesystem::create_directories(home + "/models");
  std::ofstream(home + "/models/smollm2-135m.gguf") << "x";
  EXPECT_EQ(ResolveModel("smollm2-135m").value(),
            home + "/models/smollm2-135m.gguf");
}

TEST(ReferenceTest, HomeDefaultsToTheCacheFolder) {
  const ScopedEnvironment none("PELLUCID_HOME", "");
  const ScopedEnvironment home("HOME", "/home/reader");
  EXPECT_EQ(PellucidHome(), "/home/reader/.cache/pellucid");
}

TEST(ReferenceTest, TheDefaultIsTheEnvironmentsElseBuiltIn) {
  {
    const ScopedEnvironment set("PELLUCID_MODEL", "other.gguf");
    EXPECT_EQ(DefaultReference(), "other.gguf");
  }
  const ScopedEnvironment none("PELLUCID_MODEL", "");
  EXPECT_EQ(DefaultReference(), "smollm2-135m");
}

// The environment of a test that meets the hub: an empty cache and `hub`.
class HubEnvironment {
 public:
  explicit HubEnvironment(const FakeHub& hub)
      : endpoint_("HF_ENDPOINT", hub.hub().url()) {}
  std::string cache() const { return dir_ / "hub"; }

 private:
  const TempDir dir_;
  const ScopedEnvironment cache_{"HF_HUB_CACHE", dir_ / "hub"};
  const ScopedEnvironment endpoint_;
  const ScopedEnvironment offline_{"HF_HUB_OFFLINE", "0"};
  const ScopedEnvironment token_{"HF_TOKEN", "hf_secret"};
  const ScopedEnvironment no_proxy_{"no_proxy", "*"};
};

TEST(ReferenceTest, ANameOnTheHubIsDownloadedOnce) {
  FakeHub hub;
  hub.Add("config.json", "{}", false);
  hub.Add("model.safetensors", "w", true);
  const HubEnvironment environment(hub);
  const auto path = ResolveModel("org/name");
  ASSERT_TRUE(path.ok()) << path.error().message;
  EXPECT_EQ(*path, environment.cache() + "/models--org--name/snapshots/" +
                       FakeHub::kCommit);
  const std::size_t asked = hub.hub().requests().size();
  EXPECT_GT(asked, 0u);
  EXPECT_EQ(ResolveModel("org/name").value(), *path);
  EXPECT_EQ(hub.hub().requests().size(), asked);
  const ScopedEnvironment offline("HF_HUB_OFFLINE", "1");
  EXPECT_EQ(ResolveModel("org/name").value(), *path);
  EXPECT_EQ(ResolveModel("org/other").error().code, ErrorCode::kModel);
}

TEST(ReferenceTest, ANameThatIsNowhereIsSaid) {
  const FakeHub hub;
  const HubEnvironment environment(hub);
  const auto path = ResolveModel("org/other");
  ASSERT_FALSE(path.ok());
  EXPECT_EQ(path.error().code, ErrorCode::kModel);
  EXPECT_TRUE(path.error().message.starts_with(
      "open: org/other: no such file or folder here, and no such repository"))
      << path.error().message;
  EXPECT_FALSE(std::filesystem::exists(environment.cache()));
}

TEST(ReferenceTest, NothingElseUsesTheNetwork) {
  const FakeHub hub;
  const HubEnvironment environment(hub);
  for (const char* path :
       {"./name", "/name", "org/", "a/b/c", "org/name@", "@a/b", "org/m.gguf",
        "org/a b", "name", "org/tokenizer.json", "smollm2-135m"}) {
    static_cast<void>(ResolveModel(path));
  }
  EXPECT_TRUE(hub.hub().requests().empty());
}

TEST(ReferenceTest, WhatCannotBeLookedAtIsNotCalledAbsent) {
  const std::string message =
      ResolveModel(std::string(5000, 'x')).error().message;
  EXPECT_NE(message.find("File name too long"), std::string::npos);
}

TEST(ReferenceTest, TheMessageOffersWhatTheCallerTakes) {
  const auto missing =
      ResolveModel("missing.json", {.accepted = "a tokenizer.json"});
  EXPECT_EQ(missing.error().message,
            "open: missing.json: no such file, folder or built-in model; name "
            "a tokenizer.json, a .gguf file or smollm2-135m");
}

TEST(ReferenceTest, UnknownAndEmptyReferencesAreErrors) {
  const auto unknown = ResolveModel("no/such/model.gguf");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, ErrorCode::kModel);
  EXPECT_NE(unknown.error().message.find("no/such/model.gguf"),
            std::string::npos);
  EXPECT_EQ(ResolveModel("").error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace pellucid::hub
