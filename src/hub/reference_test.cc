#include "hub/reference.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace pellucid::hub {
namespace {

// Sets an environment variable for one test and puts the old value back.
class ScopedEnvironment {
 public:
  ScopedEnvironment(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    had_ = std::getenv(name) != nullptr;
    ::setenv(name, value.c_str(), 1);
  }
  ~ScopedEnvironment() {
    if (had_) {
      ::setenv(name_, old_.c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }

 private:
  const char* name_;
  std::string old_;
  bool had_ = false;
};

TEST(ReferenceTest, AnExistingPathIsTakenAsItIs) {
  const std::string path = PELLUCID_SOURCE_DIR "/CMakeLists.txt";
  EXPECT_EQ(ResolveReference(path).value(), path);
}

TEST(ReferenceTest, TheBuiltInNameLiesInPellucidHome) {
  const std::string home = ::testing::TempDir() + "/reference_test_home";
  const ScopedEnvironment set("PELLUCID_HOME", home);
  std::filesystem::remove_all(home);
  const auto missing = ResolveReference("smollm2-135m");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kModel);
  EXPECT_EQ(missing.error().message,
            "open: smollm2-135m: the built-in model is not at " + home +
                "/models/smollm2-135m.gguf; get it with: script/get-model");

  std::filesystem::create_directories(home + "/models");
  std::ofstream(home + "/models/smollm2-135m.gguf") << "x";
  EXPECT_EQ(ResolveReference("smollm2-135m").value(),
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

TEST(ReferenceTest, ANameOnTheHubGetsTheCommandThatFetchesIt) {
  EXPECT_EQ(ResolveReference("Org-1/a.name").error().message,
            "open: Org-1/a.name: no such file or folder, and this version "
            "reads neither the hub nor its cache; get the model with: hf "
            "download Org-1/a.name --local-dir DIR, then name DIR");
  EXPECT_NE(
      ResolveReference("org/name@v1.0")
          .error()
          .message.find("hf download org/name --revision v1.0 --local-dir DIR"),
      std::string::npos);
  for (const char* path :
       {"./name", "/name", "org/", "a/b/c", "org/name@", "@a/b", "org/m.gguf",
        "org/a b", "name", "org/tokenizer.json"}) {
    const std::string message = ResolveReference(path).error().message;
    EXPECT_EQ(message.find("hf download"), std::string::npos) << path;
  }
}

TEST(ReferenceTest, WhatCannotBeLookedAtIsNotCalledAbsent) {
  const std::string message =
      ResolveReference(std::string(5000, 'x')).error().message;
  EXPECT_NE(message.find("File name too long"), std::string::npos);
}

TEST(ReferenceTest, TheMessageOffersWhatTheCallerTakes) {
  const auto missing = ResolveReference("missing.json", "a tokenizer.json");
  EXPECT_EQ(missing.error().message,
            "open: missing.json: no such file, folder or built-in model; name "
            "a tokenizer.json, a .gguf file or smollm2-135m");
}

TEST(ReferenceTest, UnknownAndEmptyReferencesAreErrors) {
  const auto unknown = ResolveReference("no/such/model.gguf");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, ErrorCode::kModel);
  EXPECT_NE(unknown.error().message.find("no/such/model.gguf"),
            std::string::npos);
  EXPECT_EQ(ResolveReference("").error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace pellucid::hub
