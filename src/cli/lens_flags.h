// The options of `pellucid lens`, from flags to what the library takes: all
// that can be judged before a model is opened, is.
#ifndef PELLUCID_CLI_LENS_FLAGS_H_
#define PELLUCID_CLI_LENS_FLAGS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/common_options.h"
#include "cli/figure_flags.h"
#include "cli/lens_choice.h"
#include "cli/prompt.h"
#include "cli/terminal.h"
#include "pellucid/lens.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "render/metric.h"

namespace pellucid::cli {

struct LensFlags {
  ModelOptions model;
  PromptOptions prompt;
  std::vector<std::string> edits;  // files
  std::optional<std::string> lens, compare, layers, positions, sites;
  bool no_embed = false;
  std::size_t top_k = 0;  // 0: not given
  std::vector<std::string> targets;
  std::size_t skip_first = 0;
  std::string metric = "prob";
  std::string precision = "exact";
  bool table = false;
  std::optional<std::string> json, csv, html;
  FigureFlags figures;
  std::string color = "auto";
};

void AddLensFlags(Arguments& arguments, LensFlags* flags);

// The flags, checked against one another, less what only a model can judge.
struct LensPlan {
  LensOptions options;  // without targets, edits and a trained lens
  LensChoice lens;
  std::optional<LensChoice> compare;  // shown beside it
  render::Metric metric = render::Metric::kProb;
  ColorChoice color = ColorChoice::kAuto;
  bool table = false;  // also where nothing else is asked for
  FigurePlan figures;
  // The page follows each position's own prediction, which is not what table
  // and figures follow: where both are asked for, it takes a run of its own.
  bool page_needs_run = false;
};

// kUsage: a value that is none of the option's, or options that exclude one
// another.
Result<LensPlan> PlanLens(const Arguments& arguments, const LensFlags& flags);

// The token ids of --target. kUsage: a text that is not one token (with the
// pieces). kModel: a text, but no tokenizer.
Result<std::vector<TokenId>> ResolveTargets(const Arguments& arguments,
                                            const LensFlags& flags,
                                            const Model& model);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_LENS_FLAGS_H_
