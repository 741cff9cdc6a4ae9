// The program as users run it: signals, pipes, the environment. What needs no
// process of its own is tested in src/cli.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "testutil/process.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testutil::Process;
using testutil::TempDir;

const std::string kModel = testutil::TinyLlamaPath("mha_tied_f32");

TEST(CliProcessTest, StandardOutputHoldsTheResultAndNothingElse) {
  Process run({"lens", "-m", kModel, "--ids", "1,2,3", "--json", "-"});
  EXPECT_EQ(run.Wait(), 0);
  EXPECT_TRUE(run.out().starts_with("{"));
  EXPECT_TRUE(run.out().ends_with("}\n"));
  EXPECT_EQ(run.err(), "");
}

TEST(CliProcessTest, ErrorsAreOneLineOnTheErrorStream) {
  Process run({"lens", "-m", kModel, "--ids", "1", "--layers", "99"});
  EXPECT_EQ(run.Wait(), 2);
  EXPECT_EQ(run.out(), "");
  EXPECT_TRUE(run.err().starts_with("pellucid: error: "));
  EXPECT_EQ(run.err().find('\n'), run.err().size() - 1);
}

// The promise is 100 ms; a busy machine gets a second before this fails.
TEST(CliProcessTest, SignalsStopALongRunWithExit130) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const TempDir dir;
    Process run({"bench", "-m", kModel, "--what", "lens", "--tokens", "128",
                 "--repeat", "1000000", "--json", dir / "f.json"});
    std::this_thread::sleep_for(300ms);
    const Clock::time_point start = Clock::now();
    run.Signal(signal);
    EXPECT_EQ(run.WaitWithOpenInput(), 130);
    EXPECT_LT(Clock::now() - start, 1s);
    EXPECT_EQ(run.out(), "");
    EXPECT_EQ(run.err(), "");
    EXPECT_TRUE(dir.List().empty());
  }
}

// The pipe behind /dev/stdout is full and nobody reads it: the writer looks at
// nothing, and the temporary of the other output must not stay.
TEST(CliProcessTest, ASignalEndsAWriterThatWaits) {
  const TempDir dir;
  std::string ids = "1";
  for (int i = 0; i < 119; ++i) ids += ",1";
  Process run({"lens", "-m", kModel, "--ids", ids, "--top-k", "100", "--json",
               "/dev/stdout", "--csv", dir / "f.csv"});
  std::this_thread::sleep_for(500ms);
  run.Signal(SIGINT);
  EXPECT_EQ(run.WaitForEnd(), 130);
  EXPECT_EQ(run.err(), "");
  EXPECT_TRUE(dir.List().empty());
}

TEST(CliProcessTest, SignalsEndAWaitForInput) {
  Process run({"lens", "-m", kModel, "-"});
  std::this_thread::sleep_for(200ms);
  run.Signal(SIGINT);
  EXPECT_EQ(run.WaitWithOpenInput(), 130);
  EXPECT_EQ(run.err(), "");
}

TEST(CliProcessTest, AClosedPipeEndsTheProgramQuietly) {
  Process run({"lens", "-m", kModel, "--jsonl", "-"});
  run.CloseOut();
  Process info({"info", kModel, "--sites"});
  info.CloseOut();
  EXPECT_EQ(info.Wait(), 1);
  EXPECT_EQ(info.err(), "");
  EXPECT_EQ(run.Wait(), 0);  // nothing was to be written
}

TEST(CliProcessTest, TheInstructionSetIsTheEnvironments) {
  const std::vector<std::string> args = {"lens",  "-m",    kModel, "--ids",
                                         "1,2,3", "--csv", "-"};
  Process wrong(args, {{"PELLUCID_ISA", "sse9"}});
  EXPECT_EQ(wrong.Wait(), 2);
  EXPECT_NE(wrong.err().find("sse9"), std::string::npos);
  Process best(args);
  Process reference(args, {{"PELLUCID_ISA", "reference"}});
  EXPECT_EQ(best.Wait(), 0);
  EXPECT_EQ(reference.Wait(), 0);
  EXPECT_EQ(best.out(), reference.out());
#if defined(__x86_64__)
  Process foreign(args, {{"PELLUCID_ISA", "neon"}});
  EXPECT_EQ(foreign.Wait(), 1);
#endif
}

TEST(CliProcessTest, DevicesAreWrittenInPlace) {
  Process run({"lens", "-m", kModel, "--ids", "1,2", "--json", "/dev/null"});
  EXPECT_EQ(run.Wait(), 0);
  EXPECT_EQ(run.out() + run.err(), "");
  Process pipe({"lens", "-m", kModel, "--ids", "1,2", "--csv", "/dev/stdout"});
  EXPECT_EQ(pipe.Wait(), 0);
  EXPECT_TRUE(pipe.out().starts_with("site,layer,position,"));
}

TEST(CliProcessTest, TheModelIsTheEnvironments) {
  Process run({"info"}, {{"PELLUCID_MODEL", kModel}});
  EXPECT_EQ(run.Wait(), 0);
  EXPECT_NE(run.out().find(kModel), std::string::npos);
  const TempDir home;
  Process none({"info"},
               {{"PELLUCID_MODEL", ""}, {"PELLUCID_HOME", home.path()}});
  EXPECT_EQ(none.Wait(), 3);
  EXPECT_NE(none.err().find("script/get-model"), std::string::npos);
}

}  // namespace
}  // namespace pellucid
