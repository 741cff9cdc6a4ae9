// The program in a process of its own. PELLUCID_PROGRAM is its path. Header
// only, so that only tests of the program need it.
#ifndef PELLUCID_TESTS_TESTUTIL_PROCESS_H_
#define PELLUCID_TESTS_TESTUTIL_PROCESS_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace pellucid::testutil {

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

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_PROCESS_H_
