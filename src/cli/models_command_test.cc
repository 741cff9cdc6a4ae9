#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <string>

#include "testutil/environment.h"
#include "testutil/run_cli.h"
#include "testutil/tiny_hf.h"

namespace pellucid::cli {
namespace {

namespace fs = std::filesystem;
using testutil::CliOutcome;
using testutil::RunCli;
using testutil::ScopedEnvironment;
using testutil::TempDir;

class ModelsCommandTest : public ::testing::Test {
 protected:
  // A folder of built-in models and a cache, one of each kind.
  ModelsCommandTest() {
    fs::create_directories(dir_ / "home/models");
    fs::copy_file(testutil::TinyLlamaPath("mha_tied_f32"),
                  dir_ / "home/models/smollm2-135m.gguf");
    testutil::WriteFileText(dir_ / "home/models/broken.gguf", "GGUF");
    const std::string snapshot =
        dir_ / ("hub/models--org--name/snapshots/" + kCommit);
    fs::create_directories(snapshot);
    testutil::TinyHfLlama().Write(snapshot);
    const std::string half =
        dir_ / ("hub/models--org--half/snapshots/" + kCommit);
    fs::create_directories(half);
    testutil::WriteFileText(half + "/config.json", "{}");
    fs::create_directories(dir_ / "hub/models--org--name/refs");
    testutil::WriteFileText(dir_ / "hub/models--org--name/refs/main", kCommit);
  }

  const std::string kCommit = std::string(40, 'a');
  const TempDir dir_;
  const ScopedEnvironment cache_{"HF_HUB_CACHE", dir_ / "hub"};
  const ScopedEnvironment home_{"PELLUCID_HOME", dir_ / "home"};
};

TEST_F(ModelsCommandTest, JsonSaysWhatOpensAndWhyOthersDoNot) {
  const CliOutcome run = RunCli({"models", "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  simdjson::dom::parser parser;
  const simdjson::dom::element json = parser.parse(run.out);
  EXPECT_EQ(std::string_view(json["schema"]), "pellucid.models/1");
  EXPECT_EQ(std::string_view(json["cache"]), dir_ / "hub");
  EXPECT_EQ(std::string_view(json["folder"]), dir_ / "home/models");
  const simdjson::dom::array models = json["models"];
  ASSERT_EQ(models.size(), 4u);
  EXPECT_EQ(bool(models.at(0)["ok"]), false);
  EXPECT_EQ(std::string_view(models.at(0)["ref"]),
            dir_ / "home/models/broken.gguf");
  EXPECT_FALSE(models.at(0)["problem"].is_null());
  EXPECT_EQ(std::string_view(models.at(1)["ref"]), "smollm2-135m");
  EXPECT_EQ(bool(models.at(1)["ok"]), true);
  EXPECT_EQ(std::string_view(models.at(1)["architecture"]), "llama");
  EXPECT_TRUE(models.at(1)["commit"].is_null());
  EXPECT_EQ(std::string_view(models.at(2)["ref"]), "org/half@" + kCommit);
  EXPECT_EQ(std::string_view(models.at(2)["problem"]),
            "not whole; get the rest with: pellucid pull org/half@" + kCommit);
  EXPECT_EQ(std::string_view(models.at(3)["ref"]), "org/name");
  EXPECT_EQ(bool(models.at(3)["ok"]), true);
  EXPECT_EQ(std::string_view(models.at(3)["format"]), "safetensors");
  EXPECT_GT(std::int64_t(models.at(3)["bytes"]), 0);
}

TEST_F(ModelsCommandTest, PeopleGetALineEach) {
  const CliOutcome run = RunCli({"models"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(std::count(run.out.begin(), run.out.end(), '\n'), 4);
  EXPECT_NE(run.out.find("  llama, safetensors\n"), std::string::npos);
  EXPECT_NE(run.out.find("cannot be opened: not whole; "), std::string::npos);
  testutil::CliRun narrow{{"models"}};
  narrow.out_terminal.is_terminal = true;
  narrow.out_terminal.columns = 30;
  const std::string out = RunCliIn(narrow).out;
  EXPECT_LT(out.size(), run.out.size());
}

}  // namespace
}  // namespace pellucid::cli
