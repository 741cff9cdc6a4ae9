// `pellucid attr --method grad|ig|atp`: attribution by gradients, from flags to
// outputs.
#ifndef PELLUCID_CLI_ATTR_GRADIENT_H_
#define PELLUCID_CLI_ATTR_GRADIENT_H_

#include <cstddef>
#include <optional>
#include <string>

#include "cli/arguments.h"
#include "cli/common_options.h"
#include "cli/io.h"
#include "cli/prompt.h"
#include "cli/result_outputs.h"
#include "pellucid/result.h"

namespace pellucid::cli {

// What only these methods take; empty or 0: not given.
struct GradientFlags {
  std::optional<std::string> corrupt, corrupt_ids, site, positions, heads;
  std::optional<std::string> scatter;
  std::string grid, metric, direction, align, answer_mode, show, baseline;
  std::size_t steps = 0;
  bool compare = false;

  // The first that is given, as an option's name; null: none.
  const char* Given() const;
};

void AddGradientFlags(Arguments& arguments, GradientFlags* flags);

// What is given of the command's other flags.
struct GradientCall {
  std::string method;  // "grad", "ig", "atp"
  const ModelOptions& model;
  const PromptOptions& prompt;
  const ResultFlags& result;
  const std::optional<std::string>& answer;
  const std::optional<std::string>& foil;
  const std::optional<std::string>& layers;
};

// kUsage, kModel, kFailed, kCancelled: as the command's.
Status RunGradientAttr(const Arguments& arguments, const GradientCall& call,
                       const GradientFlags& flags, Io& io);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_ATTR_GRADIENT_H_
