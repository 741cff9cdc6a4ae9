#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>

#include "testutil/environment.h"
#include "testutil/fake_hub.h"
#include "testutil/run_cli.h"

namespace pellucid::cli {
namespace {

using testutil::CliOutcome;
using testutil::FakeHub;
using testutil::ReadFileText;
using testutil::RunCli;
using testutil::ScopedEnvironment;
using testutil::TempDir;

// A hub with one model that can be opened, and an empty cache.
class PullCommandTest : public ::testing::Test {
 protected:
  PullCommandTest() {
    hub_.Add("text.gguf", ReadFileText(testutil::WriteTextModel(dir_)), true);
    hub_.Add("README.md", "read me", false);
  }
  std::string InCache(const std::string& file) const {
    return dir_ / ("hub/models--org--name/snapshots/" +
                   std::string(FakeHub::kCommit) + "/" + file);
  }

  const TempDir dir_;
  FakeHub hub_;
  const ScopedEnvironment endpoint_{"HF_ENDPOINT", hub_.hub().url()};
  const ScopedEnvironment cache_{"HF_HUB_CACHE", dir_ / "hub"};
  const ScopedEnvironment home_{"PELLUCID_HOME", dir_ / "home"};
  const ScopedEnvironment offline_{"HF_HUB_OFFLINE", "0"};
  const ScopedEnvironment token_{"HF_TOKEN", "hf_secret"};
  const ScopedEnvironment no_proxy_{"no_proxy", "*"};
};

TEST_F(PullCommandTest, PeopleSeeWhatCameAndWhereItIs) {
  const CliOutcome run = RunCli({"pull", "org/name"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_TRUE(run.out.starts_with("org/name at commit " +
                                  std::string(FakeHub::kCommit) + ": 1 file, "))
      << run.out;
  EXPECT_TRUE(
      run.out.ends_with("of it downloaded now\n" + InCache("text.gguf") + "\n"))
      << run.out;
}

TEST_F(PullCommandTest, JsonSaysTheSame) {
  const CliOutcome run =
      RunCli({"pull", "org/name", "--revision", "v1", "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  simdjson::dom::parser parser;
  const simdjson::dom::element json = parser.parse(run.out);
  EXPECT_EQ(std::string_view(json["schema"]), "pellucid.pull/1");
  EXPECT_EQ(std::string_view(json["ref"]), "org/name");
  EXPECT_EQ(std::string_view(json["revision"]), "v1");
  EXPECT_EQ(std::string_view(json["commit"]), FakeHub::kCommit);
  EXPECT_EQ(std::string_view(json["path"]), InCache("text.gguf"));
  EXPECT_EQ(bool(json["current"]), true);
  EXPECT_EQ(std::string_view(json["files"].at(0)["name"]), "text.gguf");
  EXPECT_EQ(bool(json["files"].at(0)["downloaded"]), true);
}

TEST_F(PullCommandTest, WhatCannotBeMeantIsAUsageError) {
  const std::vector<std::vector<std::string>> runs = {
      {"pull"},
      {"pull", "smollm2-135m"},
      {"pull", "./folder"},
      {"pull", "org/name@v1", "--revision", "v1"},
      {"pull", "org/name", "--revision", "../x"}};
  for (const auto& args : runs) {
    const CliOutcome run = RunCli(args);
    EXPECT_EQ(run.exit_code, 2) << run.err;
    EXPECT_EQ(run.out, "");
  }
  EXPECT_TRUE(hub_.hub().requests().empty());
}

TEST_F(PullCommandTest, WhatIsNotThereIsExit3) {
  const CliOutcome run = RunCli({"pull", "org/other"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_TRUE(run.err.starts_with("pellucid: error: open: org/other: no such"))
      << run.err;
}

// Every command that opens a model takes it from the hub, and calls it what
// the user does.
TEST_F(PullCommandTest, CommandsFetchWhatTheyAreGiven) {
  const CliOutcome run = RunCli(
      {"lens", "-m", "org/name:text.gguf", "--ids", "2,3", "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  simdjson::dom::parser parser;
  EXPECT_EQ(std::string_view(parser.parse(run.out)["model"]["ref"]),
            "org/name:text.gguf");
  const std::size_t asked = hub_.hub().requests().size();
  EXPECT_EQ(RunCli({"tokenize", "-m", "org/name", "ab"}).exit_code, 0);
  EXPECT_EQ(RunCli({"info", "org/name"}).exit_code, 0);
  EXPECT_EQ(hub_.hub().requests().size(), asked);
}

TEST_F(PullCommandTest, TheListHasWhatIsThere) {
  EXPECT_EQ(RunCli({"models"}).out,
            "no models in " + (dir_ / "hub") + " or " + (dir_ / "home/models") +
                "; get one with: pellucid pull org/name\n");
  ASSERT_EQ(RunCli({"pull", "org/name"}).exit_code, 0);
  const CliOutcome run = RunCli({"models"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(run.out.starts_with("org/name:text.gguf  ")) << run.out;
  EXPECT_TRUE(run.out.ends_with("  llama, gguf\n")) << run.out;
}

}  // namespace
}  // namespace pellucid::cli
