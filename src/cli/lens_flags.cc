#include "cli/lens_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/quote.h"
#include "cli/chat_prompt.h"
#include "cli/edit_flags.h"
#include "cli/page_output.h"
#include "cli/token_flags.h"
#include "pellucid/selection.h"

namespace pellucid::cli {
namespace {

constexpr std::size_t kMaxCount = std::numeric_limits<TokenId>::max();
// Tokens kept a cell; more on a page, whose reader cannot ask for more.
constexpr std::size_t kTopK = 5, kPageTopK = 10;

void AddChoiceOfCells(Arguments& arguments, LensFlags* flags) {
  arguments.Text("--layers", "LAYERS", &flags->layers,
                 "block outputs: all, 0,4,8, a slice 0:30:4, -1 (the last), "
                 "embed; default: all, with the embedding row");
  arguments.Flag("--no-embed", &flags->no_embed, "leave the embedding row out");
  arguments.Text("--positions", "POSITIONS", &flags->positions,
                 "all, last, 0,3 or a slice -3:; default: all");
  arguments.Text(
      "--sites", "SITES", &flags->sites,
      "rows of each block: resid_post, resid_mid, attn_out, mlp_out, "
      "or several with commas; the last two are decoded with their "
      "own norm; default: resid_post");
}

void AddOutputs(Arguments& arguments, LensFlags* flags) {
  arguments.Choice("--metric",
                   {"prob", "logprob", "logit", "rank", "entropy", "kl"},
                   &flags->metric,
                   "what shades the cells of table and plot; of the first "
                   "target if there is one, else of the cell's top-1 token "
                   "(rank: of the final row's); default: prob");
  arguments.Flag("--table", &flags->table,
                 "print the table; default where nothing else is asked for");
  AddJsonOption(arguments, &flags->json);
  arguments.Text("--csv", "FILE|-", &flags->csv,
                 "write one line a cell and rank");
  AddFigureFlags(arguments, &flags->figures);
  AddPageOption(arguments, &flags->html);
  AddColorOption(arguments, &flags->color);
}

// The outputs of `flags` as (option, destination).
std::vector<std::pair<std::string, std::string>> Destinations(
    const LensFlags& flags) {
  std::vector<std::pair<std::string, std::string>> out;
  if (flags.table) out.emplace_back("--table", "-");
  if (flags.json) out.emplace_back("--json", *flags.json);
  if (flags.csv) out.emplace_back("--csv", *flags.csv);
  if (flags.html) out.emplace_back("--html", *flags.html);
  for (auto& figure : flags.figures.Destinations()) {
    out.push_back(std::move(figure));
  }
  return out;
}

Status CheckDestinations(const Arguments& arguments, const LensFlags& flags) {
  const auto all = Destinations(flags);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (all[i].second != all[j].second) continue;
      const std::string where =
          all[i].second == "-" ? "standard output" : Quote(all[i].second);
      return arguments.Problem(
          all[i].first, fmt::format("goes to {}, as {} does; write one of "
                                    "them elsewhere",
                                    where, all[j].first));
    }
  }
  if (!flags.prompt.jsonl) return {};
  for (const auto& [option, destination] : all) {
    if (option == "--json" || option == "--html") continue;
    return arguments.Problem(
        option,
        "is for one prompt, not for --jsonl; give --json or --html, or one "
        "prompt");
  }
  return {};
}

// What shows one lens alone is not asked for beside two.
Status CheckCompare(const Arguments& arguments, const LensFlags& flags) {
  if (flags.prompt.jsonl) {
    return arguments.Problem("--compare",
                             "is for one prompt, not for --jsonl; give one");
  }
  if (flags.csv || flags.figures.any()) {
    return arguments.Problem(
        flags.csv ? "--csv" : "--plot",
        "shows one lens, but --compare names another; take the table, --json "
        "or --html, or leave --compare out");
  }
  return {};
}

}  // namespace

void AddLensFlags(Arguments& arguments, LensFlags* flags) {
  AddPromptOptions(arguments, &flags->prompt);
  AddChatOptions(arguments, &flags->prompt);
  AddEditOption(arguments, &flags->edits);
  AddModelOptions(arguments, &flags->model);
  AddLensOption(arguments, &flags->lens);
  arguments.Text("--compare", kLensValue, &flags->compare,
                 "show this lens beside that of --lens: in the table, of the "
                 "last position unless --positions names others; in the JSON "
                 "under \"compare\"; on the page as a second run");
  AddChoiceOfCells(arguments, flags);
  arguments.Number("--top-k", "K", 1, kMaxCount, &flags->top_k,
                   "tokens kept a cell; default: 5, or 10 where --html goes "
                   "without --json and --csv");
  arguments.Texts("--target", "TEXT|id=N", &flags->targets,
                  "follow this one token through every row (may be repeated)");
  arguments.Number("--skip-first", "N", 0, kMaxCount, &flags->skip_first,
                   "positions left out of the JSON's summary; default: 0");
  arguments.Choice("--precision", {"exact", "fast"}, &flags->precision,
                   "fast: dots with the vocabulary in 16-bit integers, about "
                   "twice as fast, on processors with AMX; how far it is "
                   "from exact is measured and shown; default: exact");
  AddOutputs(arguments, flags);
  arguments.Example("pellucid lens \"The capital of France is\"");
  arguments.Example(
      "pellucid lens \"The capital of France is\" --target \" Paris\" "
      "--json -");
  arguments.Example(
      "pellucid lens \"The capital of France is\" --html france.html");
  arguments.Example("pellucid lens --file prompt.txt --positions last --csv -");
  arguments.Example(
      "pellucid lens \"The capital of France is\" --layers -4: --sites "
      "attn_out,mlp_out,resid_post");
}

Result<LensPlan> PlanLens(const Arguments& arguments, const LensFlags& flags) {
  PELLUCID_RETURN_IF_ERROR(CheckOneSource(arguments, flags.prompt));
  PELLUCID_RETURN_IF_ERROR(CheckDestinations(arguments, flags));
  LensPlan plan;
  PELLUCID_ASSIGN_OR_RETURN(plan.lens, ParseLensChoice(arguments, flags.lens));
  if (flags.compare) {
    PELLUCID_RETURN_IF_ERROR(CheckCompare(arguments, flags));
    PELLUCID_ASSIGN_OR_RETURN(
        plan.compare, ParseLensChoice(arguments, flags.compare, "--compare"));
  }
  LensOptions& options = plan.options;
  if (flags.layers) {
    PELLUCID_ASSIGN_OR_RETURN(
        options.layers,
        Selection::Parse(*flags.layers, "lens: --layers", true));
  }
  if (flags.sites) {
    PELLUCID_ASSIGN_OR_RETURN(options.sites,
                              ParseLensSites(*flags.sites, "lens: --sites"));
  }
  if (flags.positions) {
    PELLUCID_ASSIGN_OR_RETURN(
        options.positions,
        Selection::Parse(*flags.positions, "lens: --positions"));
  }
  if (flags.no_embed && options.layers.HasEmbed()) {
    return arguments.Problem("--no-embed",
                             "contradicts embed in --layers; leave one out");
  }
  options.embed_row = !flags.no_embed;
  const bool page_only = flags.html && !flags.json && !flags.csv;
  options.top_k = flags.top_k > 0 ? flags.top_k : page_only ? kPageTopK : kTopK;
  options.skip_first = flags.skip_first;
  PELLUCID_ASSIGN_OR_RETURN(
      options.precision,
      ParseLensPrecision(flags.precision, "lens: --precision"));
  PELLUCID_ASSIGN_OR_RETURN(plan.metric, render::ParseMetric(flags.metric));
  PELLUCID_ASSIGN_OR_RETURN(plan.figures,
                            PlanFigures(arguments, flags.figures, plan.metric));
  plan.color = ColorChoiceFromName(flags.color).value_or(ColorChoice::kAuto);
  plan.table =
      flags.table || (Destinations(flags).empty() && !flags.prompt.jsonl);
  if (plan.table || flags.figures.any()) {
    options.follow =
        plan.metric == render::Metric::kRank && flags.targets.empty()
            ? FollowFinal::kEach
            : FollowFinal::kLast;
  } else if (flags.html) {
    options.follow = FollowFinal::kEach;
  }
  if (plan.compare) {
    options.follow = FollowFinal::kEach;
    const bool table_only = plan.table && !flags.json && !flags.html;
    if (table_only && !flags.positions) {
      PELLUCID_ASSIGN_OR_RETURN(options.positions,
                                Selection::Parse("last", "lens: --positions"));
    }
  }
  plan.page_needs_run = flags.html && options.follow != FollowFinal::kEach;
  return plan;
}

Result<std::vector<TokenId>> ResolveTargets(const Arguments& arguments,
                                            const LensFlags& flags,
                                            const Model& model) {
  std::vector<TokenId> out;
  for (const std::string& target : flags.targets) {
    PELLUCID_ASSIGN_OR_RETURN(
        const TokenId id, ResolveToken(arguments, "--target", target, model));
    out.push_back(id);
  }
  return out;
}

}  // namespace pellucid::cli
