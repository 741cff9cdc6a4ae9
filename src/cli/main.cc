#include "cli/main.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <exception>
#include <new>
#include <vector>

#include "base/atomic_file.h"
#include "base/quote.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "pellucid/version.h"

namespace pellucid::cli {
namespace {

constexpr int kInterrupted = 130;  // 128 + SIGINT, as shells say it

// Work ends in order within this time of a Ctrl-C, or without order at it: text
// that is made or sent looks at nothing.
constexpr std::chrono::milliseconds kGrace(60);

void EndAtOnce() {
  AtomicFile::AbandonAll();
  ::_exit(kInterrupted);
}

int ExitCodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kFailed:
      return 1;
    case ErrorCode::kUsage:
      return 2;
    case ErrorCode::kModel:
      return 3;
    case ErrorCode::kCancelled:
      return kInterrupted;
  }
  return 1;
}

std::string Help() {
  std::string out =
      "Usage: pellucid COMMAND [OPTIONS] [TEXT]\n\n"
      "Looks inside language models: what each layer would predict, and every\n"
      "activation by name.\n\n"
      "Commands:\n";
  for (const Command& command : kCommands) {
    out += fmt::format("  {:<14}{}\n", command.name, command.summary);
  }
  out +=
      "\nOptions:\n"
      "  -h, --help  show this and exit; pellucid COMMAND --help says more\n"
      "  --version   show the version and exit\n"
      "\nEnvironment:\n"
      "  PELLUCID_MODEL  the model to use where none is named\n"
      "  PELLUCID_HOME   where models lie; default: ~/.cache/pellucid\n"
      "  PELLUCID_ISA    avx512, avx2, neon or reference: the instruction set\n"
      "  HF_HUB_CACHE, HF_TOKEN, HF_HUB_OFFLINE  as for Hugging Face's "
      "programs\n"
      "  NO_COLOR        no colours\n"
      "\nExample:\n"
      "  pellucid lens \"The capital of France is\"\n";
  return out;
}

std::string CommandList() {
  std::string out;
  for (const Command& command : kCommands) {
    if (!out.empty()) out += ", ";
    out += command.name;
  }
  return out;
}

Error UnknownCommand(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : kCommands) names.emplace_back(command.name);
  const auto nearest = Nearest(name, names);
  const char* what = name.starts_with('-') ? "option" : "command";
  return UsageError(fmt::format(
      "command line: {}: no such {}; {} (see pellucid --help)", Quote(name),
      what,
      nearest ? "nearest: " + *nearest : "commands are " + CommandList()));
}

Status Dispatch(std::span<const std::string> args, Io& io) {
  if (args.empty()) {
    return UsageError(
        fmt::format("command line: command: there is none; give {} (see "
                    "pellucid --help)",
                    CommandList()));
  }
  const std::string& name = args.front();
  if (name == "--help" || name == "-h") return io.out.Write(Help());
  if (name == "--version") {
    return io.out.Write(fmt::format("pellucid {}\n", Version()));
  }
  for (const Command& command : kCommands) {
    if (name == command.name) return command.run(args.subspan(1), io);
  }
  return UnknownCommand(name);
}

// Memory that cannot be had is the one thing that arrives as an exception.
Status Guarded(std::span<const std::string> args, Io& io) {
  try {
    return Dispatch(args, io);
  } catch (const std::bad_alloc&) {
    return FailedError(
        "run: memory: there is not enough; give a shorter prompt, fewer "
        "positions or fewer sites");
  } catch (const std::exception& error) {
    return FailedError(
        fmt::format("run: program: unexpected failure ({}); please report it",
                    error.what()));
  }
}

}  // namespace

int Run(std::span<const std::string> args, Io& io) {
  const Status status = Guarded(args, io);
  if (status.ok()) return 0;
  const Error& error = status.error();
  // Whoever pressed Ctrl-C, or closed the pipe, knows.
  if (error.code != ErrorCode::kCancelled && !io.out.ReaderGone()) {
    const Status ignored = io.err.Write(
        fmt::format("pellucid: error: {}\n", OneLine(error.message)));
    static_cast<void>(ignored);
  }
  return ExitCodeOf(error.code);
}

int Main(int argc, char** argv) {
  const std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  const Interrupt interrupt(kGrace, EndAtOnce);
  // A closed pipe becomes a failed write, so that files are left in order.
  const auto old_pipe = std::signal(SIGPIPE, SIG_IGN);
  DescriptorSource in(STDIN_FILENO, "standard input", interrupt.fd());
  DescriptorSink out(STDOUT_FILENO, "standard output", interrupt.fd());
  DescriptorSink err(STDERR_FILENO, "standard error", /*interrupt_fd=*/-1);
  Io io{in, out, err};
  io.out_terminal = DescribeTerminal(STDOUT_FILENO);
  io.err_terminal = DescribeTerminal(STDERR_FILENO);
  io.stop = interrupt.token();
  io.interrupt_fd = interrupt.fd();
  const int exit_code = Run(args, io);
  std::signal(SIGPIPE, old_pipe);
  return exit_code;
}

}  // namespace pellucid::cli
