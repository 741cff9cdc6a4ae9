// `pellucid depth`: at which layer predictions appear and stay, over many
// texts.
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/documents.h"
#include "cli/lens_choice.h"
#include "cli/progress.h"
#include "cli/result_outputs.h"
#include "pellucid/depth.h"
#include "render/depth_report.h"

namespace pellucid::cli {
namespace {

struct DepthFlags {
  ModelOptions model;
  TextFlags text;
  std::optional<std::string> lens;
  std::string token = "predicted";
  ResultFlags result;
};

void AddDepthFlags(Arguments& arguments, DepthFlags* flags) {
  AddTextFlags(arguments, &flags->text);
  AddLensOption(arguments, &flags->lens);
  arguments.Choice("--token", {"predicted", "next"}, &flags->token,
                   "whose depth: the token that the model predicts at a "
                   "position, or the text's own next one, which may never be "
                   "predicted; default: predicted");
  AddResultFlags(arguments, &flags->result, PlotKind::kLines);
  AddModelOptions(arguments, &flags->model);
  arguments.Example("pellucid depth --text corpus.txt --max-tokens 4000");
  arguments.Example(
      "pellucid depth --text corpus.jsonl --lens tuned:my-lens --plot d.svg");
}

}  // namespace

Status RunDepth(Args args, Io& io) {
  Arguments arguments(
      "depth",
      "Prediction depth over a text: for each position the first layer whose "
      "top-1 token is the one that the model predicts, and the layer from "
      "which "
      "it stays so; by layer, class of token and position, of the logit lens "
      "and of another beside it.");
  DepthFlags flags;
  AddDepthFlags(arguments, &flags);
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_RETURN_IF_ERROR(RequireText(arguments, flags.text));
  PELLUCID_RETURN_IF_ERROR(CheckResultFlags(arguments, flags.result));
  PELLUCID_ASSIGN_OR_RETURN(const LensChoice choice,
                            ParseLensChoice(arguments, flags.lens));
  PELLUCID_ASSIGN_OR_RETURN(const HeatmapPlan plan,
                            PlanHeatmap(arguments, flags.result.heatmap));
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  PELLUCID_ASSIGN_OR_RETURN(const auto lens,
                            ReadLensChoice(choice, opened.model));
  PELLUCID_ASSIGN_OR_RETURN(
      const WindowedText text,
      ReadWindows(arguments, flags.text, opened.model, io));
  PELLUCID_ASSIGN_OR_RETURN(ResultOutputs outputs,
                            ResultOutputs::Open(flags.result, "depth", io));
  DepthOptions options{.token = flags.token == "next" ? DepthToken::kNext
                                                      : DepthToken::kPredicted,
                       .skip_first = flags.text.skip_first,
                       .stop = io.stop};
  const auto measure = [&](const char* what) {
    ProgressLine progress(io, what);
    options.progress = progress.callback();
    return MeasureDepths(opened.model, text.windows, options);
  };
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<TokenDepth> logit,
                            measure("depth: logit lens"));
  std::optional<std::vector<TokenDepth>> trained;
  if (lens) {
    options.trained = lens;
    PELLUCID_ASSIGN_OR_RETURN(trained, measure("depth"));
  }
  const render::RunInfo run = RunInfoOf(opened, std::nullopt);
  const auto texts = render::TextsOf(opened.model.tokenizer());
  const render::DepthReport report{logit,
                                   trained ? &*trained : nullptr,
                                   choice.kind,
                                   choice.path,
                                   options.token,
                                   text.tokens,
                                   opened.model.info(),
                                   run,
                                   texts};
  ResultForms forms;
  forms.json = [&](const render::TextSink& sink) {
    render::WriteDepthJson(report, sink);
  };
  forms.csv = [&] { return render::DepthCsv(report); };
  forms.table = [&](std::size_t, render::ColorMode) {
    return render::DepthTable(report);
  };
  forms.page = [&] {
    return render::MakeDepthFigure(report, plan.options.size);
  };
  return outputs.Write(forms, plan, io);
}

}  // namespace pellucid::cli
