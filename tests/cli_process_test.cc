// The program as users run it: signals, pipes, the environment. What needs no
// process of its own is tested in src/cli.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "testutil/temp_dir.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testutil::TempDir;

const std::string kModel = testutil::TinyLlamaPath("mha_tied_f32");

// A run of the program with its three streams as pipes.
class Process {
 public:
  explicit Process(std::vector<std::string> args,
                   std::vector<std::pair<std::string, std::string>> set = {}) {
    std::array<int, 2> in, out, err;
    EXPECT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(err.data(), O_CLOEXEC), 0);
    args.insert(args.begin(), PELLUCID_PROGRAM);
    std::vector<char*> argv;
    for (std::string& arg : args) argv.push_back(arg.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      ::dup2(err[1], STDERR_FILENO);
      for (const auto& [name, value] : set) {
        ::setenv(name.c_str(), value.c_str(), 1);
      }
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    for (const int fd : {in[0], out[1], err[1]}) ::close(fd);
    in_ = in[1];
    out_ = out[0];
    err_ = err[0];
  }
  ~Process() {
    for (const int fd : {in_, out_, err_}) {
      if (fd >= 0) ::close(fd);
    }
  }

  void Signal(int signal) const { ::kill(pid_, signal); }
  void CloseOut() { ::close(std::exchange(out_, -1)); }

  // Reads both streams to their ends and waits. -1: ended by a signal.
  int Wait() {
    ::close(std::exchange(in_, -1));
    return WaitWithOpenInput();
  }
  int WaitWithOpenInput() {
    Drain();
    return WaitForEnd();
  }
  // The same without reading anything.
  int WaitForEnd() {
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  const std::string& out() const { return out_text_; }
  const std::string& err() const { return err_text_; }

 private:
  void Drain() {
    std::array<pollfd, 2> wait = {{{out_, POLLIN, 0}, {err_, POLLIN, 0}}};
    std::array<char, 4096> chunk;
    int open = out_ >= 0 ? 2 : 1;
    while (open > 0 && ::poll(wait.data(), wait.size(), -1) >= 0) {
      for (pollfd& stream : wait) {
        if (stream.fd < 0 || stream.revents == 0) continue;
        const ssize_t got = ::read(stream.fd, chunk.data(), chunk.size());
        if (got <= 0) {
          stream.fd = -1;
          --open;
          continue;
        }
        (&stream == &wait[0] ? out_text_ : err_text_)
            .append(chunk.data(), static_cast<std::size_t>(got));
      }
    }
  }

  pid_t pid_ = -1;
  int in_ = -1, out_ = -1, err_ = -1;
  std::string out_text_, err_text_;
};

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
