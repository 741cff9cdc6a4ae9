// The options of `pellucid generate`, from flags to what the library takes: all
// that can be judged before a model is opened, is.
#ifndef PELLUCID_CLI_GENERATE_FLAGS_H_
#define PELLUCID_CLI_GENERATE_FLAGS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/common_options.h"
#include "cli/lens_choice.h"
#include "cli/prompt.h"
#include "pellucid/generate.h"
#include "pellucid/result.h"

namespace pellucid::cli {

struct GenerateFlags {
  ModelOptions model;
  PromptOptions prompt;
  std::size_t max_tokens = 64;
  std::optional<double> temperature, top_p, min_p, repetition_penalty;
  std::optional<std::string> top_k, seed;  // whole numbers
  std::vector<std::string> stop;
  bool ignore_eos = false;
  std::vector<std::string> edits;  // files
  std::optional<std::string> steer, scale;
  std::optional<std::string> record, out;
  std::optional<std::string> lens, lens_kind, lens_layers;
  std::size_t lens_top_k = 5;
  std::optional<std::string> json;
  std::string color = "auto";
};

void AddGenerateFlags(Arguments& arguments, GenerateFlags* flags);

// The flags, checked against one another, less what only a model can judge.
struct GeneratePlan {
  GenerateOptions options;     // without edits and a trained lens
  LensChoice lens;             // that --lens reads through
  std::vector<double> scales;  // of steering; empty: none
  // The text goes to standard output: nothing else does, and there is one
  // prompt.
  bool shows_text = true;

  // One prompt is continued once for each scale.
  bool sweeps() const { return scales.size() > 1; }
};

// kUsage: a value that is none of the option's, or options that exclude or need
// one another.
Result<GeneratePlan> PlanGenerate(const Arguments& arguments,
                                  const GenerateFlags& flags);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_GENERATE_FLAGS_H_
