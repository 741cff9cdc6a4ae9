// The command line in the test's own process: arguments and input go in, exit
// code and both streams come out as strings. Header only, so that only tests of
// the command line link it.
#ifndef PELLUCID_TESTS_TESTUTIL_RUN_CLI_H_
#define PELLUCID_TESTS_TESTUTIL_RUN_CLI_H_

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cli/main.h"
#include "testutil/temp_dir.h"
#include "testutil/text_model.h"
#include "testutil/tiny_model.h"

namespace pellucid::testutil {

struct CliRun {
  std::vector<std::string> args;
  std::string input = {};  // standard input
  cli::Terminal out_terminal = {};
  std::stop_token stop = {};
};

struct CliOutcome {
  int exit_code = 0;
  std::string out, err;
};

inline CliOutcome RunCliIn(const CliRun& run) {
  cli::StringSource in(run.input);
  cli::StringSink out, err;
  cli::Io io{in, out, err};
  io.out_terminal = run.out_terminal;
  io.stop = run.stop;
  const int exit_code = cli::Run(run.args, io);
  return {exit_code, out.text(), err.text()};
}
inline CliOutcome RunCli(std::vector<std::string> args,
                         std::string input = {}) {
  return RunCliIn(CliRun{std::move(args), std::move(input)});
}

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_RUN_CLI_H_
