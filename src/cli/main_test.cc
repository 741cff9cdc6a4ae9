// What every command has in common: help, unknown things, exit codes.
#include "cli/main.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "pellucid/version.h"
#include "testutil/run_cli.h"

namespace pellucid::cli {
namespace {

using testutil::CliOutcome;
using testutil::RunCli;
using testutil::TempDir;

std::string AllCommands() {
  std::string names;
  for (const Command& command : kCommands) {
    names += (names.empty() ? "" : ", ") + std::string(command.name);
  }
  return names;
}

// The words that call a command: steer has a verb of its own.
std::vector<std::string> WordsOf(const Command& command) {
  if (command.name == "steer") return {"steer", "make"};
  return {std::string(command.name)};
}

std::string NameOf(const Command& command) {
  std::string name;
  for (const std::string& word : WordsOf(command)) {
    name += (name.empty() ? "" : " ") + word;
  }
  return name;
}

CliOutcome RunWith(const Command& command,
                   const std::vector<std::string>& more) {
  std::vector<std::string> args = WordsOf(command);
  args.insert(args.end(), more.begin(), more.end());
  return RunCli(args);
}

TEST(MainTest, NoCommandIsAUsageError) {
  const CliOutcome run = RunCli({});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err,
            "pellucid: error: command line: command: there is none; give " +
                AllCommands() + " (see pellucid --help)\n");
}

TEST(MainTest, AnUnknownCommandNamesTheNearest) {
  const CliOutcome run = RunCli({"lense", "text"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.err,
            "pellucid: error: command line: lense: no such command; nearest: "
            "lens (see pellucid --help)\n");
  EXPECT_EQ(RunCli({"banana"}).err,
            "pellucid: error: command line: banana: no such command; commands "
            "are " +
                AllCommands() + " (see pellucid --help)\n");
  EXPECT_EQ(RunCli({"--verbose"}).exit_code, 2);
}

TEST(MainTest, VersionAndHelpGoToStandardOutput) {
  EXPECT_EQ(RunCli({"--version"}).out,
            "pellucid " + std::string(Version()) + "\n");
  for (const std::string flag : {"--help", "-h"}) {
    const CliOutcome run = RunCli({flag});
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_EQ(run.err, "");
    for (const Command& command : kCommands) {
      EXPECT_NE(run.out.find("  " + std::string(command.name)),
                std::string::npos);
    }
  }
}

TEST(MainTest, HelpListsEachCommandApartFromItsSummary) {
  const std::string help = RunCli({"--help"}).out;
  for (const Command& command : kCommands) {
    const std::size_t at = help.find("\n  " + std::string(command.name) + ' ');
    ASSERT_NE(at, std::string::npos) << command.name;
    EXPECT_LT(at, help.find(command.summary)) << command.name;
  }
}

TEST(MainTest, EveryCommandHasHelpWithAnExample) {
  for (const Command& command : kCommands) {
    const std::string name = NameOf(command);
    const CliOutcome run = RunWith(command, {"--help"});
    EXPECT_EQ(run.exit_code, 0) << name;
    EXPECT_EQ(run.err, "") << name;
    EXPECT_TRUE(run.out.starts_with("Usage: pellucid " + name + " ")) << name;
    EXPECT_NE(run.out.find("\nExamples:\n  pellucid " + name),
              std::string::npos);
    // Their results are a file, and a page.
    if (command.name == "steer" || command.name == "serve") continue;
    EXPECT_NE(run.out.find("--json"), std::string::npos) << name;
  }
}

// Whether or not it draws anything in colour.
TEST(MainTest, EveryCommandTakesColor) {
  for (const Command& command : kCommands) {
    const std::string name = NameOf(command);
    for (const std::string choice : {"auto", "never", "always"}) {
      EXPECT_EQ(RunWith(command, {"--color", choice, "--help"}).exit_code, 0);
    }
    EXPECT_EQ(RunWith(command, {"--color", "red"}).err,
              "pellucid: error: " + name +
                  ": --color: \"red\" is not among the choices; give "
                  "auto|never|always\n");
  }
}

TEST(MainTest, EveryCommandNamesAnUnknownOption) {
  for (const Command& command : kCommands) {
    const std::string name = NameOf(command);
    const CliOutcome run = RunWith(command, {"--xyzzy"});
    EXPECT_EQ(run.exit_code, 2) << name;
    EXPECT_EQ(run.err, "pellucid: error: " + name +
                           ": --xyzzy: no such option; put -- before a text "
                           "that begins with \"-\", or see pellucid " +
                           name + " --help\n");
  }
}

TEST(MainTest, AMissingModelIsExit3ForEveryCommand) {
  const TempDir dir;
  const std::string model = dir / "none.gguf";
  const std::vector<std::vector<std::string>> runs = {
      {"lens", "-m", model, "a"},
      {"trace", "-m", model, "a", "--sites", "all", "--out", dir / "t.npz"},
      {"tokenize", "-m", model, "a"},
      {"info", model},
      {"check", model},
      {"bench", "-m", model}};
  for (const auto& args : runs) {
    const CliOutcome run = RunCli(args);
    EXPECT_EQ(run.exit_code, 3) << args[0];
    EXPECT_EQ(run.out, "") << args[0];
    EXPECT_TRUE(run.err.starts_with("pellucid: error: open: ")) << run.err;
    EXPECT_NE(run.err.find(model), std::string::npos) << run.err;
  }
  EXPECT_TRUE(dir.List().empty());
}

TEST(MainTest, MessagesAreOneLineWhateverTheNameHolds) {
  const CliOutcome run = RunCli({"info", "a\nb\x1b[2J.gguf"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1);
  EXPECT_EQ(run.err.find('\x1b'), std::string::npos);
}

// A sink whose reader has gone away.
class ClosedSink : public Sink {
 public:
  Status Write(std::string_view) override {
    return FailedError("write: standard output: Broken pipe");
  }
  bool ReaderGone() const override { return true; }
};

TEST(MainTest, AClosedPipeIsNoReasonToTalk) {
  StringSource in("");
  ClosedSink out;
  StringSink err;
  Io io{in, out, err};
  const std::vector<std::string> args = {"--help"};
  EXPECT_EQ(pellucid::cli::Run(args, io), 1);
  EXPECT_EQ(err.text(), "");
}

}  // namespace
}  // namespace pellucid::cli
