// The surroundings of one command: streams, terminals, interruption. A value,
// so that tests run commands in their own process.
#ifndef PELLUCID_CLI_IO_H_
#define PELLUCID_CLI_IO_H_

#include <stop_token>
#include <string_view>

#include "cli/streams.h"
#include "cli/terminal.h"

namespace pellucid::cli {

struct Io {
  Source& in;
  Sink& out;  // the result and nothing else
  Sink& err;  // progress, warnings, errors
  Terminal out_terminal = {};
  Terminal err_terminal = {};
  std::stop_token stop = {};
  int interrupt_fd = -1;  // readable once interrupted, for reads that wait
};

// "pellucid: warning: MESSAGE" on one line of the error stream. That it cannot
// be written is no reason to stop.
void Warn(Io& io, std::string_view message);

// `message` on one line of well-formed UTF-8 without control characters:
// prompts and file names may hold anything.
std::string OneLine(std::string_view message);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_IO_H_
