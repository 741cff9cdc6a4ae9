// `pellucid attr`: which part of a model made a logit what it is.
#include <fmt/format.h>

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/attr_gradient.h"
#include "cli/chat_prompt.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/heatmap_flags.h"
#include "cli/progress.h"
#include "cli/prompt.h"
#include "cli/result_outputs.h"
#include "cli/token_flags.h"
#include "pellucid/attribution.h"
#include "render/attribution_report.h"

namespace pellucid::cli {
namespace {

constexpr std::size_t kMaxCount = std::numeric_limits<std::int32_t>::max();

struct AttrFlags {
  ModelOptions model;
  PromptOptions prompt;
  std::optional<std::string> answer, foil, layers, position;
  std::string method = "direct", by = "block";
  std::size_t top = 10;
  ResultFlags result;
  GradientFlags gradient;

  bool Direct() const { return method == "direct" || method == "dla"; }
};

void AddFlags(Arguments& arguments, AttrFlags* flags) {
  AddPromptOptions(arguments, &flags->prompt);
  AddChatOptions(arguments, &flags->prompt);
  arguments.Text("--answer", "TEXT|id=N", &flags->answer,
                 "the token whose logit is taken apart; required, but with "
                 "--metric kl");
  arguments.Text("--foil", "TEXT|id=N", &flags->foil,
                 "the answer's logit less this token's is taken apart");
  arguments.Choice("--method", {"direct", "dla", "grad", "ig", "atp"},
                   &flags->method,
                   "how: direct logit attribution, with the norms' scales of "
                   "the run (dla is another name of it); gradient x "
                   "activation; integrated gradients; attribution patching; "
                   "default: direct");
  arguments.Choice("--by", {"block", "head", "neuron"}, &flags->by,
                   "parts: attention modules and MLPs; attention by heads; "
                   "MLPs by neurons; default: block");
  arguments.Text("--layer,--layers", "LAYERS", &flags->layers,
                 "blocks that --by head or neuron takes apart, the others stay "
                 "whole; of grad, ig and atp the rows; default: all");
  arguments.Text("--position", "POSITION", &flags->position,
                 "direct: last, or an index, -1 being the last; default: last");
  arguments.Number("--top", "N", 1, kMaxCount, &flags->top,
                   "terms that the table lists, and single neurons that are "
                   "told apart; default: 10");
  AddGradientFlags(arguments, &flags->gradient);
  AddResultFlags(arguments, &flags->result);
  AddModelOptions(arguments, &flags->model);
  arguments.Example(
      "pellucid attr \"The capital of France is\" --answer \" Paris\"");
  arguments.Example(
      "pellucid attr \"The capital of France is\" --answer \" Paris\" --foil "
      "\" London\" --by head --plot heads.svg");
  arguments.Example(
      "pellucid attr \"The capital of France is\" --answer \" Paris\" --by "
      "neuron --layers -3: --top 20 --json -");
  arguments.Example(
      "pellucid attr \"The capital of France is\" --corrupt \"The capital of "
      "Italy is\" --answer \" Paris\" --foil \" Rome\" --method atp --compare");
}

Status CheckFlags(const Arguments& arguments, const AttrFlags& flags) {
  if (flags.prompt.jsonl) {
    return arguments.Problem("--jsonl", "is not for one logit; give a prompt");
  }
  if (!flags.answer) {
    return arguments.Problem("--answer",
                             "is missing; name the token whose logit is taken "
                             "apart, as in --answer \" Paris\"");
  }
  if (const char* idle = flags.gradient.Given(); idle != nullptr) {
    return arguments.Problem(
        idle, "is for --method grad, ig or atp; choose one, or leave it out");
  }
  if (flags.layers && flags.by == "block") {
    return arguments.Problem("--layers",
                             "changes nothing with --by block, which lists all "
                             "blocks; give --by head or neuron, or leave this "
                             "out");
  }
  return CheckResultFlags(arguments, flags.result);
}

// What can be said before a model is there.
Result<AttributionOptions> PlanAttribution(const AttrFlags& flags) {
  AttributionOptions options;
  options.by = flags.by == "head"     ? AttributionBy::kHead
               : flags.by == "neuron" ? AttributionBy::kNeuron
                                      : AttributionBy::kBlock;
  options.top_neurons = flags.top;
  if (flags.layers) {
    PELLUCID_ASSIGN_OR_RETURN(
        options.layers, Selection::Parse(*flags.layers, "attr: --layers"));
  }
  if (flags.position) {
    PELLUCID_ASSIGN_OR_RETURN(
        options.position,
        Selection::Parse(*flags.position, "attr: --position"));
  }
  return options;
}

Status RunGradients(const Arguments& arguments, const AttrFlags& flags,
                    Io& io) {
  if (flags.position || flags.by != "block") {
    return arguments.Problem(
        flags.position ? "--position" : "--by",
        "is for --method direct; choose cells by --positions and --grid");
  }
  return RunGradientAttr(arguments,
                         {flags.method, flags.model, flags.prompt, flags.result,
                          flags.answer, flags.foil, flags.layers},
                         flags.gradient, io);
}

}  // namespace

Status RunAttr(Args args, Io& io) {
  Arguments arguments(
      "attr",
      "Takes a logit, or the difference of two, apart into what embeddings, "
      "attention, heads, MLPs and neurons add to it directly; the terms sum to "
      "the logit, and how exactly is printed. Or says by gradients what every "
      "activation is worth to a metric.");
  AttrFlags flags;
  AddFlags(arguments, &flags);
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_RETURN_IF_ERROR(CheckOneSource(arguments, flags.prompt));
  if (!flags.Direct()) return RunGradients(arguments, flags, io);
  PELLUCID_RETURN_IF_ERROR(CheckFlags(arguments, flags));
  PELLUCID_ASSIGN_OR_RETURN(const HeatmapPlan plan,
                            PlanHeatmap(arguments, flags.result.heatmap));
  PELLUCID_ASSIGN_OR_RETURN(AttributionOptions options, PlanAttribution(flags));
  PELLUCID_ASSIGN_OR_RETURN(RawPrompt prompt,
                            ReadPrompt(arguments, flags.prompt, io));
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  const Model& model = opened.model;
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<TokenId> ids,
      EncodeOnePrompt(arguments, flags.prompt, model, &prompt, io));
  PELLUCID_ASSIGN_OR_RETURN(options.answer, ResolveToken(arguments, "--answer",
                                                         *flags.answer, model));
  if (flags.foil) {
    PELLUCID_ASSIGN_OR_RETURN(
        options.foil, ResolveToken(arguments, "--foil", *flags.foil, model));
  }
  PELLUCID_ASSIGN_OR_RETURN(ResultOutputs outputs,
                            ResultOutputs::Open(flags.result, "attr", io));
  options.stop = io.stop;
  const Result<Attribution> found = [&] {
    ProgressLine progress(io, "attr");
    options.progress = progress.callback();
    return AttributeLogit(model, ids, options);
  }();
  if (!found.ok()) return found.error();
  const render::RunInfo run = RunInfoOf(opened, prompt.text);
  const auto texts = render::TextsOf(model.tokenizer());
  const render::AttributionReport report{*found, flags.top, model.info(), run,
                                         texts};
  return outputs.Write(
      {.json = [&](const auto& sink) { WriteAttributionJson(report, sink); },
       .csv = [&] { return AttributionCsv(report); },
       .table =
           [&](std::size_t width, render::ColorMode color) {
             return AttributionTable(report, width, color);
           },
       .page =
           [&] {
             return MakeHeatmapFigure(AttributionHeatmap(report), plan.options);
           }},
      plan, io);
}

}  // namespace pellucid::cli
