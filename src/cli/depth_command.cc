// `pellucid depth`: at which layer predictions appear and stay, over many
// texts.
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/measurement.h"
#include "cli/progress.h"
#include "pellucid/depth.h"
#include "render/depth_report.h"

namespace pellucid::cli {
namespace {

struct DepthFlags {
  MeasurementFlags measurement;
  std::string token = "predicted";
};

void AddDepthFlags(Arguments& arguments, DepthFlags* flags) {
  arguments.Choice("--token", {"predicted", "next"}, &flags->token,
                   "whose depth: the token that the model predicts at a "
                   "position, or the text's own next one, which may never be "
                   "predicted; default: predicted");
  AddMeasurementFlags(arguments, &flags->measurement);
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
  PELLUCID_ASSIGN_OR_RETURN(
      Measurement on,
      OpenMeasurement(arguments, flags.measurement, "depth", io));
  DepthOptions options{.token = flags.token == "next" ? DepthToken::kNext
                                                      : DepthToken::kPredicted,
                       .skip_first = flags.measurement.text.skip_first,
                       .stop = io.stop};
  const auto measure = [&](const char* what) {
    ProgressLine progress(io, what);
    options.progress = progress.callback();
    return MeasureDepths(on.opened.model, on.text.windows, options);
  };
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<TokenDepth> logit,
                            measure("depth: logit lens"));
  std::optional<std::vector<TokenDepth>> trained;
  if (on.lens) {
    options.trained = on.lens;
    PELLUCID_ASSIGN_OR_RETURN(trained, measure("depth"));
  }
  const render::RunInfo run = RunInfoOf(on.opened, std::nullopt);
  const auto texts = render::TextsOf(on.opened.model.tokenizer());
  const render::DepthReport report{logit,
                                   trained ? &*trained : nullptr,
                                   on.choice.kind,
                                   on.choice.path,
                                   options.token,
                                   on.text.tokens,
                                   on.opened.model.info(),
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
    return render::MakeDepthFigure(report, on.plan.options.size);
  };
  return on.outputs.Write(forms, on.plan, io);
}

}  // namespace pellucid::cli
