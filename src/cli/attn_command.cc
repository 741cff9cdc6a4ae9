// `pellucid attn`: where heads look, and what kind of heads they are.
#include <fmt/format.h>

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/quote.h"
#include "cli/chat_prompt.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/heatmap_flags.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/prompt.h"
#include "cli/result_outputs.h"
#include "pellucid/attention.h"
#include "render/attention_report.h"

namespace pellucid::cli {
namespace {

constexpr std::size_t kMaxCount = std::numeric_limits<std::int32_t>::max();

struct AttnFlags {
  ModelOptions model;
  PromptOptions prompt;
  std::optional<std::string> layers, heads;
  bool scores = false;
  // 0, or empty: not given.
  std::size_t random_tokens = 0, repeats = 0, sequences = 0, top = 0;
  std::optional<std::string> seed;
  std::string kind;
  ResultFlags result;
};

void AddFlags(Arguments& arguments, AttnFlags* flags) {
  AddPromptOptions(arguments, &flags->prompt);
  AddChatOptions(arguments, &flags->prompt);
  arguments.Text("--layer,--layers", "LAYERS", &flags->layers,
                 "blocks: all, 0,4,8, a slice 0:30:4, -1; default: all");
  arguments.Text("--heads", "HEADS", &flags->heads,
                 "heads of each block: all, 0,3, a slice; default: all");
  arguments.Flag("--scores", &flags->scores,
                 "instead of a prompt's patterns, score every head on repeated "
                 "random tokens: previous token, duplicate token, induction, "
                 "first token");
  arguments.Number("--random-tokens", "N", 2, kMaxCount, &flags->random_tokens,
                   "of --scores: tokens that are repeated; default: 50");
  arguments.Number("--repeats", "R", 2, kMaxCount, &flags->repeats,
                   "of --scores: how often they stand there; default: 2");
  arguments.Number("--sequences", "S", 1, kMaxCount, &flags->sequences,
                   "of --scores: sequences of other tokens, whose mean is "
                   "taken; default: 1");
  arguments.Text("--seed", "SEED", &flags->seed,
                 "of --scores: which tokens; default: 42");
  arguments.Number("--top", "N", 1, kMaxCount, &flags->top,
                   "of --scores: heads of each ranking; default: 10");
  arguments.Choice(
      "--kind",
      {"previous-token", "duplicate-token", "induction", "first-token"},
      &flags->kind,
      "of --scores: whose matrix the table shows; default: induction");
  AddResultFlags(arguments, &flags->result);
  AddPageOption(arguments, &flags->result.html);
  AddModelOptions(arguments, &flags->model);
  arguments.Example(
      "pellucid attn \"The capital of France is\" --layers 20 --heads 0:3");
  arguments.Example(
      "pellucid attn \"The capital of France is\" --layers 20 --plot a.svg");
  arguments.Example("pellucid attn --scores --sequences 10 --plot scores.pdf");
}

// Options of one use that are given in the other.
Status CheckUse(const Arguments& arguments, const AttnFlags& flags) {
  if (flags.prompt.jsonl) {
    return arguments.Problem("--jsonl", "is not for patterns; give one prompt");
  }
  if (flags.scores) {
    if (flags.prompt.text || flags.prompt.file || flags.prompt.ids) {
      return arguments.Problem(
          "--scores", "draws its own tokens; leave out the prompt, or this");
    }
    if (flags.layers || flags.heads) {
      return arguments.Problem(
          flags.layers ? "--layers" : "--heads",
          "changes nothing with --scores, which is of all heads; leave it out");
    }
    return {};
  }
  const char* idle = flags.random_tokens > 0 ? "--random-tokens"
                     : flags.repeats > 0     ? "--repeats"
                     : flags.sequences > 0   ? "--sequences"
                     : flags.seed            ? "--seed"
                     : flags.top > 0         ? "--top"
                     : !flags.kind.empty()   ? "--kind"
                                             : nullptr;
  if (idle != nullptr) {
    return arguments.Problem(
        idle, "changes nothing without --scores; add that, or leave this out");
  }
  return CheckOneSource(arguments, flags.prompt);
}

Result<HeadScoreOptions> PlanScores(const Arguments& arguments,
                                    const AttnFlags& flags) {
  HeadScoreOptions options;
  options.bos = flags.prompt.bos_policy();
  const auto given = [](std::size_t flag, std::size_t* to) {
    if (flag > 0) *to = flag;
  };
  given(flags.random_tokens, &options.n_random_tokens);
  given(flags.repeats, &options.n_repeats);
  given(flags.sequences, &options.n_sequences);
  if (flags.seed) {
    const auto seed = ParseNumber(*flags.seed);
    if (!seed) {
      return arguments.Problem(
          "--seed", fmt::format("\"{}\" is no whole number from 0 to 2^64 - 1; "
                                "give one",
                                Quote(*flags.seed)));
    }
    options.seed = *seed;
  }
  return options;
}

HeadKind KindFromName(std::string_view name) {
  if (name == "previous-token") return HeadKind::kPreviousToken;
  if (name == "duplicate-token") return HeadKind::kDuplicateToken;
  if (name == "first-token") return HeadKind::kFirstToken;
  return HeadKind::kInduction;
}

Result<Selection> SelectionOf(const std::optional<std::string>& text,
                              std::string_view what) {
  return text ? Selection::Parse(*text, what) : Selection::All();
}

// What can be looked at in a browser.
Status CheckPage(const Arguments& arguments, const PatternOptions& options,
                 const ModelInfo& model, std::size_t tokens) {
  PELLUCID_ASSIGN_OR_RETURN(const auto layers,
                            options.layers.Resolve(model.n_layers));
  PELLUCID_ASSIGN_OR_RETURN(const auto heads,
                            options.heads.Resolve(model.n_heads));
  const std::size_t all = layers.size() * heads.size();
  const std::size_t weights = all * tokens * (tokens + 1) / 2;
  if (weights <= render::kMostPageWeights) return {};
  return arguments.Problem(
      "--html",
      fmt::format("{} heads over {} tokens have {} weights, more than the {} "
                  "that a page holds; choose --layers or --heads",
                  all, tokens, weights, render::kMostPageWeights));
}

Status ShowPatterns(const Arguments& arguments, const AttnFlags& flags,
                    const HeatmapPlan& plan, Io& io) {
  PatternOptions options;
  PELLUCID_ASSIGN_OR_RETURN(options.layers,
                            SelectionOf(flags.layers, "attn: --layers"));
  PELLUCID_ASSIGN_OR_RETURN(options.heads,
                            SelectionOf(flags.heads, "attn: --heads"));
  PELLUCID_ASSIGN_OR_RETURN(RawPrompt prompt,
                            ReadPrompt(arguments, flags.prompt, io));
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  const Model& model = opened.model;
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<TokenId> ids,
      EncodeOnePrompt(arguments, flags.prompt, model, &prompt, io));
  if (flags.result.html) {
    PELLUCID_RETURN_IF_ERROR(
        CheckPage(arguments, options, model.info(), ids.size()));
  }
  PELLUCID_ASSIGN_OR_RETURN(ResultOutputs outputs,
                            ResultOutputs::Open(flags.result, "attn", io));
  options.stop = io.stop;
  const Result<AttentionPatterns> patterns = [&] {
    ProgressLine progress(io, "attn");
    options.progress = progress.callback();
    return ComputePatterns(model, ids, options);
  }();
  if (!patterns.ok()) return patterns.error();
  const render::RunInfo run = RunInfoOf(opened, prompt.text);
  const auto texts = render::TextsOf(model.tokenizer());
  const render::PatternReport report{*patterns, model.info(), run, texts};
  return outputs.Write(
      {.json = [&](const auto& sink) { WritePatternJson(report, sink); },
       .csv = [&] { return PatternCsv(report); },
       .table =
           [&](std::size_t width, render::ColorMode color) {
             return PatternTable(report, width, color);
           },
       .page =
           [&] {
             return MakeHeatmapGridFigure(PatternGrid(report), plan.options);
           },
       .html =
           [&](render::JsonWriter& json) {
             WritePackedPatterns(report, json);
           }},
      plan, io);
}

Status ShowScores(const Arguments& arguments, const AttnFlags& flags,
                  const HeatmapPlan& plan, Io& io) {
  PELLUCID_ASSIGN_OR_RETURN(HeadScoreOptions options,
                            PlanScores(arguments, flags));
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  const Model& model = opened.model;
  PELLUCID_ASSIGN_OR_RETURN(ResultOutputs outputs,
                            ResultOutputs::Open(flags.result, "attn", io));
  options.stop = io.stop;
  const Result<HeadScores> scores = [&] {
    ProgressLine progress(io, "attn");
    options.progress = progress.callback();
    return ScoreHeads(model, options);
  }();
  if (!scores.ok()) return scores.error();
  const render::RunInfo run = RunInfoOf(opened, std::nullopt);
  const auto texts = render::TextsOf(model.tokenizer());
  render::ScoreReport report{.scores = *scores,
                             .options = options,
                             .kind = KindFromName(flags.kind),
                             .model = model.info(),
                             .run = run,
                             .texts = texts};
  if (flags.top > 0) report.top = flags.top;
  return outputs.Write(
      {.json = [&](const auto& sink) { WriteScoreJson(report, sink); },
       .csv = [&] { return ScoreCsv(report); },
       .table =
           [&](std::size_t width, render::ColorMode color) {
             return ScoreTable(report, width, color);
           },
       .page =
           [&] {
             return MakeHeatmapGridFigure(ScoreGrid(report), plan.options);
           },
       .html = [&](render::JsonWriter& json) { WriteScores(report, json); }},
      plan, io);
}

}  // namespace

Status RunAttn(Args args, Io& io) {
  Arguments arguments(
      "attn",
      "Shows how much each head reads of each earlier position, or scores all "
      "heads by four habits: looking at the token before, at the same token "
      "before, at what followed it, at the first position.");
  AttnFlags flags;
  AddFlags(arguments, &flags);
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_RETURN_IF_ERROR(CheckUse(arguments, flags));
  PELLUCID_RETURN_IF_ERROR(CheckResultFlags(arguments, flags.result));
  PELLUCID_ASSIGN_OR_RETURN(const HeatmapPlan plan,
                            PlanHeatmap(arguments, flags.result.heatmap));
  return flags.scores ? ShowScores(arguments, flags, plan, io)
                      : ShowPatterns(arguments, flags, plan, io);
}

}  // namespace pellucid::cli
