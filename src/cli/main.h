// The command line as a function: `pellucid COMMAND [options] [TEXT]`.
//
// Exit codes: 0 done; 1 failed while running; 2 wrong usage; 3 a model,
// tokenizer or input file is damaged, unsupported or missing; 130 interrupted.
// An error is one line on the error stream, "pellucid: error: OPERATION:
// OBJECT: what is wrong; what to do".
#ifndef PELLUCID_CLI_MAIN_H_
#define PELLUCID_CLI_MAIN_H_

#include <span>
#include <string>

#include "cli/io.h"

namespace pellucid::cli {

// Runs one command (args without the program's name) and returns its exit
// code. Never throws.
int Run(std::span<const std::string> args, Io& io);

// The same with the standard streams. While it runs, SIGINT and SIGTERM stop
// the command (a second one ends the process) and SIGPIPE is ignored.
int Main(int argc, char** argv);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_MAIN_H_
