// `pellucid patch`: take activations from one run into another, and see what
// becomes of the answer.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/heatmap_flags.h"
#include "cli/json_lines.h"
#include "cli/patch_pairs.h"
#include "cli/progress.h"
#include "cli/prompt.h"
#include "cli/result_outputs.h"
#include "pellucid/patch.h"
#include "render/patch_report.h"

namespace pellucid::cli {
namespace {

constexpr std::size_t kMaxCount = std::numeric_limits<std::int32_t>::max();

struct PatchFlags {
  ModelOptions model;
  RawPair pair;
  std::string bos = "auto", answer_mode = "one";
  std::optional<std::string> pairs, lines;
  bool resume = false;
  std::optional<std::string> site, layers, positions, heads, to;
  std::string grid = "layer,position", metric = "logit-diff";
  std::string direction = "denoise", align = "strict", show = "value";
  std::size_t window = 1, seed = 0, resamples = 1000;
  ResultFlags result;
};

void AddPairFlags(Arguments& arguments, PatchFlags* flags) {
  RawPair* pair = &flags->pair;
  arguments.Text("--clean", "TEXT", &pair->clean,
                 "the prompt that is answered");
  arguments.Text("--corrupt", "TEXT", &pair->corrupt,
                 "the prompt that is not, of as many tokens (but see --align)");
  arguments.Text("--clean-ids", "1,2,3", &pair->clean_ids,
                 "token ids instead of --clean");
  arguments.Text("--corrupt-ids", "1,2,3", &pair->corrupt_ids,
                 "token ids instead of --corrupt");
  arguments.Text("--answer", "TEXT|id=N", &pair->answer,
                 "what should follow the clean prompt: one token");
  arguments.Text("--foil", "TEXT|id=N", &pair->foil,
                 "what the answer is compared with (--metric logit-diff)");
  arguments.Choice("--answer-mode", {"one", "first", "sequence"},
                   &flags->answer_mode,
                   "an answer or foil of several tokens: refused, its first "
                   "token, or all of them by their log-probabilities; default: "
                   "one");
  arguments.Choice("--bos", {"auto", "always", "never"}, &flags->bos,
                   "put a beginning-of-sequence token first; default: auto");
  arguments.Text("--pairs", "F.jsonl|-", &flags->pairs,
                 "many pairs instead: each line an object with clean, corrupt, "
                 "answer, foil; the result is their mean with 95% bootstrap "
                 "intervals");
  arguments.Text("--lines", "F.jsonl", &flags->lines,
                 "with --pairs: also write each pair's result, one JSON object "
                 "a line, as it comes");
  arguments.Flag("--resume", &flags->resume,
                 "go on with a --lines file: its results are not made again");
}

void AddPatchFlags(Arguments& arguments, PatchFlags* flags) {
  arguments.Text("--sites", "SITE", &flags->site,
                 "what is patched: resid_pre, resid_mid, resid_post, attn_out, "
                 "mlp_out, z, q, k, v or pattern; default: resid_post");
  arguments.Choice("--grid", {"layer,position", "layer,head", "layer"},
                   &flags->grid,
                   "what is one cell: a position of a block, a head of it at "
                   "all positions, all of it; default: layer,position");
  arguments.Choice("--metric", {"logit-diff", "logprob", "prob", "kl", "rank"},
                   &flags->metric,
                   "what is read at the end: the answer's logit less the "
                   "foil's, its log-probability, probability or rank, or KL "
                   "from the clean run; default: logit-diff");
  arguments.Choice("--direction", {"denoise", "noise"}, &flags->direction,
                   "from the clean run into the corrupt one, or the other way; "
                   "default: denoise");
  arguments.Choice("--align", {"strict", "tokens", "span"}, &flags->align,
                   "prompts of different length: refused, paired up by equal "
                   "tokens at both ends, or by --clean-span and "
                   "--corrupt-span; default: strict");
  arguments.Text("--clean-span", "TEXT", &flags->pair.clean_span,
                 "with --align span: a part of the clean prompt");
  arguments.Text("--corrupt-span", "TEXT", &flags->pair.corrupt_span,
                 "the part of the corrupt prompt that takes its place");
  arguments.Text("--layers", "LAYERS", &flags->layers,
                 "blocks: all, 0,4,8, a slice 0:30:4, -1; default: all");
  arguments.Text("--positions", "POSITIONS", &flags->positions,
                 "of the run that is changed; default: all");
  arguments.Text("--heads", "HEADS", &flags->heads,
                 "with --grid layer,head; default: all");
  arguments.Number("--window", "W", 1, kMaxCount, &flags->window,
                   "blocks patched together, around a row's; default: 1");
  arguments.Text("--to", "READER", &flags->to,
                 "direct path patching: a cell's change is seen by this reader "
                 "of the stream alone: logits, q:L, k:L, v:L, attn:L or mlp:L "
                 "of block L, q:L.H (k, v) of one head of it; with --sites z, "
                 "attn_out or mlp_out");
  arguments.Number("--seed", "S", 0, kMaxCount, &flags->seed,
                   "of the bootstrap; default: 0");
  arguments.Number("--resamples", "N", 0, 1000000, &flags->resamples,
                   "of the bootstrap; default: 1000");
}

void AddOutputFlags(Arguments& arguments, PatchFlags* flags) {
  arguments.Choice("--show", {"value", "recovery"}, &flags->show,
                   "what table and figure show; default: value");
  AddResultFlags(arguments, &flags->result);
  AddPageOption(arguments, &flags->result.html);
  AddModelOptions(arguments, &flags->model);
  arguments.Example(
      "pellucid patch --clean \"The capital of France is\" --corrupt \"The "
      "capital of Italy is\" --answer \" Paris\" --foil \" Rome\"");
  arguments.Example(
      "pellucid patch --pairs facts.jsonl --grid layer,head --sites z --plot "
      "heads.svg");
  arguments.Example(
      "pellucid patch --clean \"The capital of France is\" --corrupt \"The "
      "capital of Italy is\" --answer \" Paris\" --foil \" Rome\" --sites z "
      "--grid layer,head --to logits");
}

// The flags, checked against one another.
struct PatchPlan {
  PatchOptions options;
  HeatmapPlan heatmap;
  render::PatchShown shown = render::PatchShown::kValues;
};

Status CheckSources(const Arguments& arguments, const PatchFlags& flags) {
  const RawPair& pair = flags.pair;
  const bool one = pair.clean || pair.corrupt || pair.clean_ids ||
                   pair.corrupt_ids || pair.answer || pair.foil;
  if (flags.pairs && one) {
    return arguments.Problem("--pairs",
                             "has prompts and answers of its own; leave out "
                             "--clean, --corrupt, --answer and --foil");
  }
  if (flags.pairs && flags.result.csv) {
    return arguments.Problem("--csv", "is for one pair; give --json");
  }
  if (!flags.pairs && flags.lines) {
    return arguments.Problem("--lines", "is for many pairs; give --pairs");
  }
  if (flags.resume && !flags.lines) {
    return arguments.Problem("--resume",
                             "needs the file to go on with; give --lines");
  }
  return CheckResultFlags(arguments, flags.result);
}

Result<PatchPlan> PlanPatch(const Arguments& arguments,
                            const PatchFlags& flags) {
  PELLUCID_RETURN_IF_ERROR(CheckSources(arguments, flags));
  PatchPlan plan;
  PatchOptions& options = plan.options;
  options.site = flags.site.value_or("resid_post");
  PELLUCID_ASSIGN_OR_RETURN(options.axes,
                            ParsePatchAxes(flags.grid, "patch: --grid"));
  PELLUCID_ASSIGN_OR_RETURN(options.metric,
                            ParsePatchMetric(flags.metric, "patch: --metric"));
  PELLUCID_ASSIGN_OR_RETURN(
      options.direction,
      ParsePatchDirection(flags.direction, "patch: --direction"));
  PELLUCID_ASSIGN_OR_RETURN(options.align,
                            ParsePatchAlign(flags.align, "patch: --align"));
  const auto select = [&](std::string_view option,
                          const std::optional<std::string>& text,
                          Selection* to) -> Status {
    if (!text) return {};
    PELLUCID_ASSIGN_OR_RETURN(
        *to, Selection::Parse(*text, fmt::format("patch: {}", option)));
    return {};
  };
  PELLUCID_RETURN_IF_ERROR(select("--layers", flags.layers, &options.layers));
  PELLUCID_RETURN_IF_ERROR(
      select("--positions", flags.positions, &options.positions));
  PELLUCID_RETURN_IF_ERROR(select("--heads", flags.heads, &options.heads));
  options.window = flags.window;
  options.to = flags.to.value_or("");
  PELLUCID_ASSIGN_OR_RETURN(plan.heatmap,
                            PlanHeatmap(arguments, flags.result.heatmap));
  if (flags.show == "recovery") plan.shown = render::PatchShown::kRecovery;
  return plan;
}

// The forms that one pair and many have in common.
ResultForms FormsOf(const render::Heatmap& heatmap, const PatchPlan& plan) {
  ResultForms forms;
  forms.table = [&](std::size_t width, render::ColorMode color) {
    return HeatmapTable(heatmap, width, color);
  };
  forms.page = [&] { return MakeHeatmapFigure(heatmap, plan.heatmap.options); };
  return forms;
}

BosPolicy BosOf(const PatchFlags& flags) {
  PromptOptions options;
  options.bos = flags.bos;
  return options.bos_policy();
}

Status PatchOnePair(const Arguments& arguments, const PatchFlags& flags,
                    PatchPlan plan, Io& io) {
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  const Model& model = opened.model;
  PELLUCID_ASSIGN_OR_RETURN(
      const PatchPair pair,
      EncodePair(arguments, flags.pair, BosOf(flags),
                 AnswerModeFromName(flags.answer_mode), model, io));
  PELLUCID_ASSIGN_OR_RETURN(ResultOutputs outputs,
                            ResultOutputs::Open(flags.result, "patch", io));
  const Result<PatchGrid> grid = [&] {
    ProgressLine progress(io, "patch");
    plan.options.progress = progress.callback();
    return Patch(model, pair, plan.options);
  }();
  if (!grid.ok()) return grid.error();
  const render::RunInfo run = RunInfoOf(opened, std::nullopt);
  const auto texts = render::TextsOf(model.tokenizer());
  const render::PatchReport report{pair,         plan.options, *grid,
                                   model.info(), run,          texts};
  const render::Heatmap heatmap = render::PatchHeatmap(report, plan.shown);
  ResultForms forms = FormsOf(heatmap, plan);
  forms.json = [&](const render::TextSink& sink) {
    render::WritePatchJson(report, std::nullopt, render::JsonStyle::kIndented,
                           sink);
  };
  forms.csv = [&] { return render::PatchCsv(report); };
  forms.html = [&](render::JsonWriter& json) {
    render::WritePatch(report, std::nullopt, json);
  };
  return outputs.Write(forms, plan.heatmap, io);
}

// Patches the pairs of a file one by one.
class PairsRun {
 public:
  PairsRun(const Arguments& arguments, const PatchFlags& flags,
           const PatchPlan& plan, const OpenedModel& opened, Io& io)
      : arguments_(arguments),
        flags_(flags),
        plan_(plan),
        opened_(opened),
        model_(opened.model),
        io_(io) {}

  Result<std::vector<PatchGrid>> Run() {
    if (flags_.lines) {
      PELLUCID_ASSIGN_OR_RETURN(lines_,
                                PatchLines::Open(*flags_.lines, flags_.resume));
    }
    std::unique_ptr<Source> owned;
    PELLUCID_ASSIGN_OR_RETURN(Source * source,
                              OpenInput(*flags_.pairs, io_, &owned));
    LineReader reader(*source, kMaxLineBytes);
    std::vector<PatchGrid> grids;
    std::string line;
    while (true) {
      PELLUCID_ASSIGN_OR_RETURN(const bool more, reader.Next(&line));
      if (!more) return grids;
      Result<PatchGrid> grid = PatchLine(line, reader.number());
      if (!grid.ok()) {
        return AtLine("patch", source->name(), reader.number(), grid.error());
      }
      grids.push_back(std::move(*grid));
    }
  }

 private:
  Result<PatchGrid> PatchLine(std::string_view line, std::size_t number) {
    PELLUCID_ASSIGN_OR_RETURN(const RawPair raw, ParsePairLine(line));
    PELLUCID_ASSIGN_OR_RETURN(
        const PatchPair pair,
        EncodePair(arguments_, raw, BosOf(flags_),
                   AnswerModeFromName(flags_.answer_mode), model_, io_));
    const std::string key = PairKey(model_.info(), pair, plan_.options);
    if (lines_) {
      const PatchGrid* found = lines_->Find(number, key);
      if (found != nullptr) return *found;
    }
    PELLUCID_ASSIGN_OR_RETURN(PatchGrid grid,
                              Patch(model_, pair, plan_.options));
    if (lines_) {
      const render::RunInfo run = RunInfoOf(opened_, std::nullopt);
      const auto texts = render::TextsOf(model_.tokenizer());
      std::string text;
      render::WritePatchJson(
          {pair, plan_.options, grid, model_.info(), run, texts},
          render::PatchLine{number, key}, render::JsonStyle::kCompact,
          render::AppendTo(&text));
      PELLUCID_RETURN_IF_ERROR(lines_->Append(text));
    }
    RoundAsWritten(&grid);
    return grid;
  }

  const Arguments& arguments_;
  const PatchFlags& flags_;
  const PatchPlan& plan_;
  const OpenedModel& opened_;
  const Model& model_;
  Io& io_;
  std::optional<PatchLines> lines_;
};

Status PatchManyPairs(const Arguments& arguments, const PatchFlags& flags,
                      const PatchPlan& plan, Io& io) {
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  PELLUCID_ASSIGN_OR_RETURN(ResultOutputs outputs,
                            ResultOutputs::Open(flags.result, "patch", io));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<PatchGrid> grids,
                            PairsRun(arguments, flags, plan, opened, io).Run());
  PELLUCID_ASSIGN_OR_RETURN(
      const PatchSummary summary,
      SummarisePatches(grids, flags.seed, flags.resamples));
  const render::Heatmap heatmap =
      render::PatchSummaryHeatmap(summary, plan.options, plan.shown);
  ResultForms forms = FormsOf(heatmap, plan);
  forms.json = [&](const render::TextSink& sink) {
    render::WritePatchSummaryJson(summary, plan.options, opened.model.info(),
                                  RunInfoOf(opened, std::nullopt), sink);
  };
  forms.html = [&](render::JsonWriter& json) {
    render::WritePatchSummary(summary, plan.options, opened.model.info(),
                              RunInfoOf(opened, std::nullopt), json);
  };
  return outputs.Write(forms, plan.heatmap, io);
}

}  // namespace

Status RunPatch(Args args, Io& io) {
  Arguments arguments(
      "patch",
      "Activation patching: runs the corrupt prompt with one activation after "
      "another taken from the clean run, and reads how far the answer comes "
      "back.");
  PatchFlags flags;
  AddPairFlags(arguments, &flags);
  AddPatchFlags(arguments, &flags);
  AddOutputFlags(arguments, &flags);
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_ASSIGN_OR_RETURN(PatchPlan plan, PlanPatch(arguments, flags));
  plan.options.stop = io.stop;
  return flags.pairs ? PatchManyPairs(arguments, flags, plan, io)
                     : PatchOnePair(arguments, flags, std::move(plan), io);
}

}  // namespace pellucid::cli
