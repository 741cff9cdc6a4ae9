#include "cli/attr_gradient.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <utility>
#include <vector>

#include "cli/chat_prompt.h"
#include "cli/figure_flags.h"
#include "cli/output.h"
#include "cli/patch_pairs.h"
#include "cli/progress.h"
#include "cli/token_flags.h"
#include "pellucid/gradient_attribution.h"
#include "render/gradient_report.h"

namespace pellucid::cli {
namespace {

constexpr std::size_t kMaxSteps = 100000;

std::string Or(const std::string& given, const char* otherwise) {
  return given.empty() ? otherwise : given;
}

// Selections and names that all of the methods have.
struct Shared {
  PatchAxes axes = PatchAxes::kLayerPosition;
  PatchMetric metric = PatchMetric::kLogitDiff;
  Selection layers, positions, heads;
  render::PatchShown shown = render::PatchShown::kValues;
  HeatmapPlan heatmap;
};

Result<Shared> PlanShared(const Arguments& arguments, const GradientCall& call,
                          const GradientFlags& flags) {
  Shared shared;
  PELLUCID_ASSIGN_OR_RETURN(
      shared.axes,
      ParsePatchAxes(Or(flags.grid, "layer,position"), "attr: --grid"));
  PELLUCID_ASSIGN_OR_RETURN(
      shared.metric,
      ParsePatchMetric(Or(flags.metric, call.foil ? "logit-diff" : "logprob"),
                       "attr: --metric"));
  const auto select = [&](std::string_view option,
                          const std::optional<std::string>& text,
                          Selection* to) -> Status {
    if (!text) return {};
    PELLUCID_ASSIGN_OR_RETURN(
        *to, Selection::Parse(*text, fmt::format("attr: {}", option)));
    return {};
  };
  PELLUCID_RETURN_IF_ERROR(select("--layers", call.layers, &shared.layers));
  PELLUCID_RETURN_IF_ERROR(
      select("--positions", flags.positions, &shared.positions));
  PELLUCID_RETURN_IF_ERROR(select("--heads", flags.heads, &shared.heads));
  if (flags.show == "recovery") shared.shown = render::PatchShown::kRecovery;
  PELLUCID_ASSIGN_OR_RETURN(shared.heatmap,
                            PlanHeatmap(arguments, call.result.heatmap));
  return shared;
}

Status CheckCall(const Arguments& arguments, const GradientCall& call,
                 const GradientFlags& flags) {
  if (call.prompt.jsonl) {
    return arguments.Problem("--jsonl", "is not for one prompt; give that");
  }
  const bool patches = call.method == "atp";
  if (patches && !flags.corrupt && !flags.corrupt_ids) {
    return arguments.Problem(
        "--corrupt",
        "is missing; --method atp compares the prompt with another one");
  }
  const char* idle = nullptr;
  if (!patches) {
    idle = flags.compare              ? "--compare"
           : flags.scatter            ? "--scatter"
           : !flags.direction.empty() ? "--direction"
           : !flags.align.empty()     ? "--align"
           : !flags.show.empty()      ? "--show"
                                      : nullptr;
  }
  if (idle != nullptr) {
    return arguments.Problem(
        idle, "is for --method atp; choose that, or leave this out");
  }
  if (flags.scatter && !flags.compare) {
    return arguments.Problem(
        "--scatter", "shows the estimates beside patching; add --compare");
  }
  if (!flags.baseline.empty() &&
      (patches || flags.corrupt || flags.corrupt_ids)) {
    return arguments.Problem(
        "--baseline",
        patches ? "is for --method grad or ig; leave it out"
                : "is the prompt of --corrupt; leave one of them out");
  }
  if (flags.steps > 0 && call.method != "ig") {
    return arguments.Problem(
        "--steps", "is for --method ig; choose that, or leave this out");
  }
  if (flags.scatter && flags.scatter == call.result.heatmap.plot) {
    return arguments.Problem("--scatter",
                             "goes where --plot does; write one "
                             "of them elsewhere");
  }
  return CheckResultFlags(arguments, call.result);
}

std::string IdsText(const std::vector<TokenId>& ids) {
  return fmt::format("{}", fmt::join(ids, ","));
}

ResultForms FormsOf(const render::Heatmap& heatmap, const HeatmapPlan& plan) {
  ResultForms forms;
  forms.table = [&](std::size_t width, render::ColorMode color) {
    return HeatmapTable(heatmap, width, color);
  };
  forms.page = [&] { return MakeHeatmapFigure(heatmap, plan.options); };
  return forms;
}

Status WriteScatter(const Arguments& arguments,
                    const render::EstimateReport& report,
                    const std::string& path, Output& output) {
  PELLUCID_ASSIGN_OR_RETURN(const render::FigureFormat format,
                            FigureFormatFor(arguments, "", "--scatter", path));
  PELLUCID_ASSIGN_OR_RETURN(const render::Page page,
                            MakeScatterFigure(render::EstimateScatter(report)));
  PELLUCID_ASSIGN_OR_RETURN(const std::string file,
                            render::WriteFigure(page, format, /*scale=*/2));
  output.sink()(file);
  return output.Commit();
}

// The pair of prompts; the other one may be missing.
Result<PatchPair> Encode(const Arguments& arguments, const GradientCall& call,
                         const GradientFlags& flags, const Model& model,
                         RawPrompt* prompt, Io& io) {
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<TokenId> ids,
      EncodeOnePrompt(arguments, call.prompt, model, prompt, io));
  const AnswerMode mode = AnswerModeFromName(Or(flags.answer_mode, "one"));
  if (flags.corrupt || flags.corrupt_ids) {
    const RawPair raw{.clean = {},
                      .corrupt = flags.corrupt,
                      .clean_ids = IdsText(ids),
                      .corrupt_ids = flags.corrupt_ids,
                      .answer = call.answer,
                      .foil = call.foil,
                      .clean_span = {},
                      .corrupt_span = {}};
    return EncodePair(arguments, raw, call.prompt.bos_policy(), mode, model,
                      io);
  }
  PatchPair pair;
  pair.clean = ids;
  if (call.answer) {
    PELLUCID_ASSIGN_OR_RETURN(
        pair.answer,
        ResolveAnswer(arguments, "--answer", *call.answer, mode, model));
  }
  if (call.foil) {
    PELLUCID_ASSIGN_OR_RETURN(
        pair.foil, ResolveAnswer(arguments, "--foil", *call.foil, mode, model));
  }
  return pair;
}

Status RunEstimate(const Arguments& arguments, const GradientCall& call,
                   const GradientFlags& flags, const Shared& shared,
                   const OpenedModel& opened, const PatchPair& pair, Io& io) {
  const Model& model = opened.model;
  PatchOptions options;
  options.site = flags.site.value_or("resid_post");
  options.axes = shared.axes;
  options.metric = shared.metric;
  options.layers = shared.layers;
  options.positions = shared.positions;
  options.heads = shared.heads;
  PELLUCID_ASSIGN_OR_RETURN(
      options.direction,
      ParsePatchDirection(Or(flags.direction, "denoise"), "attr: --direction"));
  PELLUCID_ASSIGN_OR_RETURN(
      options.align,
      ParsePatchAlign(Or(flags.align, "strict"), "attr: --align"));
  options.stop = io.stop;
  PELLUCID_ASSIGN_OR_RETURN(ResultOutputs outputs,
                            ResultOutputs::Open(call.result, "attr", io));
  std::unique_ptr<Output> scatter;
  if (flags.scatter) {
    PELLUCID_ASSIGN_OR_RETURN(scatter, Output::Open(*flags.scatter, io));
  }
  PELLUCID_ASSIGN_OR_RETURN(const PatchGrid estimate,
                            EstimatePatch(model, pair, options));
  std::optional<PatchGrid> truth;
  std::optional<EstimateAgreement> agreement;
  if (flags.compare) {
    ProgressLine progress(io, "attr");
    options.progress = progress.callback();
    PELLUCID_ASSIGN_OR_RETURN(truth, Patch(model, pair, options));
    PELLUCID_ASSIGN_OR_RETURN(
        agreement, CompareEstimate(estimate, *truth, options.direction));
  }
  const render::RunInfo run = RunInfoOf(opened, std::nullopt);
  const auto texts = render::TextsOf(model.tokenizer());
  const render::EstimateReport report{
      .patch = {pair, options, estimate, model.info(), run, texts},
      .truth = truth ? &*truth : nullptr,
      .agreement = agreement ? &*agreement : nullptr};
  const render::Heatmap heatmap = EstimateHeatmap(report, shared.shown);
  ResultForms forms = FormsOf(heatmap, shared.heatmap);
  forms.json = [&](const auto& sink) { WriteEstimateJson(report, sink); };
  forms.csv = [&] { return EstimateCsv(report); };
  if (scatter) {
    PELLUCID_RETURN_IF_ERROR(
        WriteScatter(arguments, report, *flags.scatter, *scatter));
  }
  return outputs.Write(forms, shared.heatmap, io);
}

Status RunActivations(const GradientCall& call, const GradientFlags& flags,
                      const Shared& shared, const OpenedModel& opened,
                      const PatchPair& pair,
                      const std::optional<std::string>& text, Io& io) {
  const Model& model = opened.model;
  ActivationOptions options;
  options.method = call.method == "ig" ? GradientMethod::kIntegrated
                                       : GradientMethod::kTimesActivation;
  options.site = flags.site.value_or("embed");
  options.axes = shared.axes;
  options.metric = shared.metric;
  options.answer = pair.answer;
  options.foil = pair.foil;
  options.baseline = pair.corrupt;
  if (!flags.baseline.empty()) {
    options.baseline_kind = flags.baseline == "zero"
                                ? ActivationBaseline::kZero
                                : ActivationBaseline::kMean;
  }
  if (flags.steps > 0) options.steps = flags.steps;
  options.layers = shared.layers;
  options.positions = shared.positions;
  options.heads = shared.heads;
  options.stop = io.stop;
  PELLUCID_ASSIGN_OR_RETURN(ResultOutputs outputs,
                            ResultOutputs::Open(call.result, "attr", io));
  const Result<ActivationGrid> grid = [&] {
    ProgressLine progress(io, "attr");
    options.progress = progress.callback();
    return AttributeActivations(model, pair.clean, options);
  }();
  if (!grid.ok()) return grid.error();
  const render::RunInfo run = RunInfoOf(opened, text);
  const auto texts = render::TextsOf(model.tokenizer());
  const render::ActivationReport report{*grid, options, model.info(), run,
                                        texts};
  const render::Heatmap heatmap = ActivationHeatmap(report);
  ResultForms forms = FormsOf(heatmap, shared.heatmap);
  forms.json = [&](const auto& sink) { WriteActivationJson(report, sink); };
  forms.csv = [&] { return ActivationCsv(report); };
  return outputs.Write(forms, shared.heatmap, io);
}

}  // namespace

const char* GradientFlags::Given() const {
  return corrupt                ? "--corrupt"
         : corrupt_ids          ? "--corrupt-ids"
         : site                 ? "--sites"
         : positions            ? "--positions"
         : heads                ? "--heads"
         : scatter              ? "--scatter"
         : !grid.empty()        ? "--grid"
         : !metric.empty()      ? "--metric"
         : !direction.empty()   ? "--direction"
         : !align.empty()       ? "--align"
         : !answer_mode.empty() ? "--answer-mode"
         : !show.empty()        ? "--show"
         : !baseline.empty()    ? "--baseline"
         : steps > 0            ? "--steps"
         : compare              ? "--compare"
                                : nullptr;
}

void AddGradientFlags(Arguments& arguments, GradientFlags* flags) {
  arguments.Text("--corrupt", "TEXT", &flags->corrupt,
                 "atp: the prompt that the other is compared with; grad, ig: "
                 "the prompt whose activations are the baseline");
  arguments.Text("--corrupt-ids", "1,2,3", &flags->corrupt_ids,
                 "token ids instead of --corrupt");
  arguments.Text("--sites", "SITE", &flags->site,
                 "grad, ig, atp: embed (not atp), resid_pre, resid_mid, "
                 "resid_post, attn_out, mlp_out, z, q, k, v or pattern; "
                 "default: embed, with atp resid_post");
  arguments.Choice("--grid", {"layer,position", "layer,head", "layer"},
                   &flags->grid,
                   "grad, ig, atp: what is one cell; default: layer,position");
  arguments.Choice("--metric", {"logit-diff", "logprob", "prob", "kl"},
                   &flags->metric,
                   "grad, ig, atp: what is differentiated, as in patch; "
                   "default: logit-diff with a foil, else logprob");
  arguments.Choice("--answer-mode", {"one", "first", "sequence"},
                   &flags->answer_mode,
                   "grad, ig, atp: an answer or foil of several tokens, as in "
                   "patch; default: one");
  arguments.Text("--positions", "POSITIONS", &flags->positions,
                 "grad, ig, atp: of the prompt, with atp of the run that is "
                 "changed; default: all");
  arguments.Text("--heads", "HEADS", &flags->heads,
                 "with --grid layer,head; default: all");
  arguments.Choice("--baseline", {"zero", "mean"}, &flags->baseline,
                   "grad, ig: the baseline without --corrupt: zeros, or the "
                   "mean over the prompt's positions; default: of grad zero, "
                   "of ig mean");
  arguments.Number("--steps", "N", 1, kMaxSteps, &flags->steps,
                   "ig: points between baseline and run; default: 32");
  arguments.Choice("--direction", {"denoise", "noise"}, &flags->direction,
                   "atp: as in patch; default: denoise");
  arguments.Choice("--align", {"strict", "tokens"}, &flags->align,
                   "atp: prompts of different length: refused, or paired up by "
                   "equal tokens at both ends; default: strict");
  arguments.Choice("--show", {"value", "recovery"}, &flags->show,
                   "atp: what table and figure show; default: value");
  arguments.Flag("--compare", &flags->compare,
                 "atp: patch too, and say how the estimates agree with it");
  arguments.Text("--scatter", "F.svg|png|pdf", &flags->scatter,
                 "with --compare: draw estimates over effects of patching");
}

Status RunGradientAttr(const Arguments& arguments, const GradientCall& call,
                       const GradientFlags& flags, Io& io) {
  PELLUCID_RETURN_IF_ERROR(CheckCall(arguments, call, flags));
  PELLUCID_ASSIGN_OR_RETURN(const Shared shared,
                            PlanShared(arguments, call, flags));
  if (flags.scatter) {
    PELLUCID_RETURN_IF_ERROR(
        FigureFormatFor(arguments, "", "--scatter", *flags.scatter));
  }
  PELLUCID_ASSIGN_OR_RETURN(RawPrompt prompt,
                            ReadPrompt(arguments, call.prompt, io));
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(call.model, io));
  PELLUCID_ASSIGN_OR_RETURN(
      const PatchPair pair,
      Encode(arguments, call, flags, opened.model, &prompt, io));
  return call.method == "atp"
             ? RunEstimate(arguments, call, flags, shared, opened, pair, io)
             : RunActivations(call, flags, shared, opened, pair, prompt.text,
                              io);
}

}  // namespace pellucid::cli
