// Options that several commands share, and the model that they open: the
// commands differ in what they compute, not in how they are asked.
#ifndef PELLUCID_CLI_COMMON_OPTIONS_H_
#define PELLUCID_CLI_COMMON_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "cli/arguments.h"
#include "cli/io.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "render/run_info.h"

namespace pellucid::cli {

inline constexpr std::size_t kMaxThreads = 1024;

struct ModelOptions {
  std::optional<std::string> ref;  // empty: hub::DefaultReference()
  std::size_t threads = 0;         // 0: the cores this process may use
};

// -m, --model and --threads.
void AddModelOptions(Arguments& arguments, ModelOptions* options);
// Where a command takes the model as an argument too: moves `positional` to
// `*ref`. kUsage: both are given.
Status TakeReference(const Arguments& arguments,
                     const std::optional<std::string>& positional,
                     std::optional<std::string>* ref);

// --color auto|never|always: every command takes it, whether or not it draws
// anything in colour, so that scripts need not know.
void AddColorOption(Arguments& arguments, std::string* color);

// --json FILE|-.
void AddJsonOption(Arguments& arguments, std::optional<std::string>* json);

struct OpenedModel {
  Model model;
  double load_ms = 0;  // opening model and tokenizer
};

// Selects the instruction set that PELLUCID_ISA asks for, and opens the model,
// which may be downloaded first: that shows on the terminal. kUsage, kFailed:
// that instruction set. Else see Model::Open.
Result<OpenedModel> OpenModel(const ModelOptions& options, Io& io);

// The machine's part of a report.
render::RunInfo RunInfoOf(const OpenedModel& opened,
                          std::optional<std::string> input_text);

double MillisecondsSince(std::chrono::steady_clock::time_point start);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_COMMON_OPTIONS_H_
