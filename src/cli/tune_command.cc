// `pellucid tune`: fits a tuned lens; `tune eval`: measures lenses; `tune
// export`: writes one for other packages; `tune jacobian`: tune_jacobian.h.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/quote.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/lens_choice.h"
#include "cli/lens_fit.h"
#include "cli/measurement.h"
#include "cli/progress.h"
#include "cli/tune_jacobian.h"
#include "pellucid/tune.h"
#include "render/evaluation_report.h"
#include "render/tune_json.h"

namespace pellucid::cli {
namespace {

constexpr std::size_t kMaxCount = std::size_t{1} << 40;

struct FitFlags {
  LensFitFlags fit;
  std::optional<double> ridge, learning_rate;
  std::size_t steps = 250, cells = 64, seed = 0;
  std::size_t tokens_per_step = std::size_t{1} << 18;
  std::size_t patience = 0, check_every = 25;
  std::string method = "closed-form";
};

void AddFitFlags(Arguments& arguments, FitFlags* flags) {
  arguments.Choice("--method", {"closed-form", "recipe"}, &flags->method,
                   "least squares onto the final state and then steps, or "
                   "steps alone as the paper takes them (Nesterov momentum, "
                   "clipped, all positions of --tokens-per-step); default: "
                   "closed-form");
  arguments.Real("--ridge", "X", 0, 1e6, &flags->ridge,
                 "of the least squares: how far maps are drawn to 0, as a "
                 "share of a feature's mean variance; default: 1e-4");
  arguments.Number("--steps", "N", 0, kMaxCount, &flags->steps,
                   "gradient steps on the divergence after that; default: 250");
  arguments.Number("--cells", "N", 1, kMaxCount, &flags->cells,
                   "positions a step; default: 64");
  arguments.Real("--learning-rate", "X", 1e-12, 1, &flags->learning_rate,
                 "of a step, in units of what a feature varies by; falls to 0; "
                 "default: 1e-4, of the recipe 1");
  arguments.Number("--tokens-per-step", "N", 2, kMaxCount,
                   &flags->tokens_per_step, "of the recipe; default: 262144");
  arguments.Number("--seed", "N", 0, kMaxCount, &flags->seed,
                   "draws the positions of the steps; default: 0");
  arguments.Number("--patience", "N", 0, kMaxCount, &flags->patience,
                   "end the steps when so many checks in a row on the last "
                   "twentieth of the text, which is then not learnt from, have "
                   "brought no row closer, and keep each map of its best "
                   "check; default: 0, all steps and no checks");
  arguments.Number("--check-every", "N", 1, kMaxCount, &flags->check_every,
                   "steps between checks; default: 25");
  AddLensFitFlags(arguments, &flags->fit);
  arguments.Example("pellucid tune --text corpus.txt --out my-lens");
  arguments.Example(
      "pellucid lens --lens tuned:my-lens \"The capital of France is\"");
  arguments.Example(
      "pellucid tune eval --lens tuned:my-lens --text held-out.txt");
  arguments.Example(
      "pellucid tune export --lens tuned:my-lens --format mlxterp --out "
      "lens.npz");
}

float MeanOf(std::span<const float> values) {
  double sum = 0;
  for (const float x : values) sum += static_cast<double>(x);
  return static_cast<float>(sum / static_cast<double>(values.size()));
}

// How a fit went, step by step; shown while it goes and at its end.
class FitLog {
 public:
  void Attach(TuneOptions& options, ProgressLine& progress) {
    options.report = [this, &progress, &options](std::size_t step,
                                                 std::span<const float> loss) {
      losses_.emplace_back(loss.begin(), loss.end());
      progress.SetNote(Note(step, options.steps, loss));
    };
    options.checked = [this](std::size_t step, std::span<const float> loss) {
      checks_.push_back({step, {loss.begin(), loss.end()}});
    };
  }

  const std::vector<std::vector<float>>& losses() const { return losses_; }
  const std::vector<render::TuneCheck>& checks() const { return checks_; }

  // A line a map: its loss over the first and the last tenth of the steps.
  std::string Table(const TrainedLens& lens) const {
    if (losses_.empty()) return {};
    const std::size_t some = std::max<std::size_t>(1, losses_.size() / 10);
    std::string out = fmt::format(
        "KL(final || row), nats, of the cells of steps 1 to {} and {} to {}\n",
        some, losses_.size() - some + 1, losses_.size());
    for (std::size_t map = 0; map < lens.translators.size(); ++map) {
      out += fmt::format("{:>10.3f} {:>10.3f}  {}\n", MeanOver(map, 0, some),
                         MeanOver(map, losses_.size() - some, losses_.size()),
                         lens.translators[map].site);
    }
    return out;
  }

 private:
  // Of the mean and some maps from the first to the last.
  static std::string Note(std::size_t step, std::size_t steps,
                          std::span<const float> loss) {
    constexpr std::size_t kShown = 4;
    std::string note = fmt::format("step {} of {}, KL {:.3f} nats:", step,
                                   steps, MeanOf(loss));
    const std::size_t shown = std::min(kShown, loss.size());
    for (std::size_t i = 0; i < shown; ++i) {
      const std::size_t map =
          shown < 2 ? 0 : i * (loss.size() - 1) / (shown - 1);
      note += map == 0 ? fmt::format(" embed {:.3f}", loss[map])
                       : fmt::format(", {} {:.3f}", map - 1, loss[map]);
    }
    return note;
  }

  double MeanOver(std::size_t map, std::size_t begin, std::size_t end) const {
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) {
      sum += static_cast<double>(losses_[i][map]);
    }
    return sum / static_cast<double>(end - begin);
  }

  std::vector<std::vector<float>> losses_;
  std::vector<render::TuneCheck> checks_;
};

Status RunFit(Args args, Io& io) {
  Arguments arguments(
      "tune",
      "Fits a tuned lens: for each row but the last a map h + W h + b, first "
      "by least squares onto the final state, then by steps on KL(final || "
      "row). See also --help of pellucid tune jacobian, tune eval and tune "
      "export.");
  FitFlags flags;
  AddFitFlags(arguments, &flags);
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_ASSIGN_OR_RETURN(LensFit fit,
                            LensFit::Open(arguments, flags.fit, io));
  const bool recipe = flags.method == "recipe";
  TuneOptions options{
      .method = recipe ? TuneMethod::kRecipe : TuneMethod::kClosedForm,
      .skip_first = flags.fit.text.skip_first,
      .ridge = flags.ridge.value_or(1e-4),
      .steps = flags.steps,
      .cells = flags.cells,
      .learning_rate = flags.learning_rate.value_or(recipe ? 1.0 : 1e-4),
      .tokens_per_step = flags.tokens_per_step,
      .seed = flags.seed,
      .patience = flags.patience,
      .check_every = flags.check_every,
      .checkpoint = fit.checkpoint(),
      .resume = flags.fit.resume,
      .stop = io.stop};
  FitLog log;
  const Result<TrainedLens> lens = [&] {
    ProgressLine progress(io, "tune");
    options.progress = progress.callback();
    log.Attach(options, progress);
    return FitTunedLens(fit.model(), fit.text().windows, options);
  }();
  if (!lens.ok()) return lens.error();
  return fit.Write(*lens, {log.losses(), log.checks()}, log.Table(*lens),
                   fmt::format("{} tokens", fit.text().tokens), io);
}

Status RunEval(Args args, Io& io) {
  Arguments arguments(
      "tune eval",
      "Measures a lens on a text, row by row, beside the logit lens: "
      "divergence from the model's output, cross-entropy of the next token, "
      "entropy, bias.");
  MeasurementFlags flags;
  AddMeasurementFlags(arguments, &flags);
  arguments.Example(
      "pellucid tune eval --lens tuned:my-lens --text held-out.txt");
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_ASSIGN_OR_RETURN(Measurement on,
                            OpenMeasurement(arguments, flags, "tune eval", io));
  EvaluateOptions options{.skip_first = flags.text.skip_first, .stop = io.stop};
  const auto evaluate = [&](const TrainedLens* which, const std::string& what) {
    ProgressLine progress(io, what);
    options.progress = progress.callback();
    return EvaluateLens(on.opened.model, on.text.windows, which, options);
  };
  PELLUCID_ASSIGN_OR_RETURN(const LensEvaluation logit,
                            evaluate(nullptr, "tune eval: logit lens"));
  std::optional<LensEvaluation> trained;
  if (on.lens) {
    PELLUCID_ASSIGN_OR_RETURN(trained, evaluate(on.lens.get(), "tune eval"));
  }
  const render::RunInfo run = RunInfoOf(on.opened, std::nullopt);
  const render::EvaluationReport report{logit,
                                        trained ? &*trained : nullptr,
                                        on.choice.kind,
                                        on.choice.path,
                                        on.text.tokens,
                                        on.text.bytes,
                                        on.opened.model.info(),
                                        run};
  ResultForms forms;
  forms.json = [&](const render::TextSink& sink) {
    render::WriteEvaluationJson(report, sink);
  };
  forms.csv = [&] { return render::EvaluationCsv(report); };
  forms.table = [&](std::size_t, render::ColorMode) {
    return render::EvaluationTable(report);
  };
  forms.page = [&] {
    return render::MakeEvaluationFigure(report, on.plan.options.size);
  };
  return on.outputs.Write(forms, on.plan, io);
}

struct ExportFlags {
  ModelOptions model;
  std::optional<std::string> lens, out;
  std::string format = "tuned-lens";
  std::string color = "auto";
};

Status RunExport(Args args, Io& io) {
  Arguments arguments(
      "tune export",
      "Writes a tuned lens as the tuned-lens package reads it (a folder) or as "
      "mlxterp does (.npz and .json).");
  ExportFlags flags;
  AddLensOption(arguments, &flags.lens);
  arguments.Choice("--format", {"tuned-lens", "mlxterp"}, &flags.format,
                   "whose form; default: tuned-lens");
  arguments.Text("--out", "PATH", &flags.out,
                 "the folder, or the .npz file, to write; required");
  AddModelOptions(arguments, &flags.model);
  AddColorOption(arguments, &flags.color);
  arguments.Example(
      "pellucid tune export --lens tuned:my-lens --out for-tuned-lens");
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  if (!flags.out) {
    return arguments.Problem("--out", "is missing; name what to write");
  }
  PELLUCID_ASSIGN_OR_RETURN(const LensChoice choice,
                            ParseLensChoice(arguments, flags.lens));
  if (choice.kind != LensKind::kTuned) {
    return arguments.Problem("--lens",
                             "is no tuned lens; give tuned:FILE, of which "
                             "there are other forms");
  }
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  PELLUCID_ASSIGN_OR_RETURN(const auto lens,
                            ReadLensChoice(choice, opened.model));
  return flags.format == "mlxterp"
             ? ExportMlxterpLens(*flags.out, *lens, opened.model)
             : ExportTunedLens(*flags.out, *lens, opened.model,
                               opened.model.info().ref);
}

}  // namespace

Status RunTune(Args args, Io& io) {
  if (!args.empty() && args.front() == "eval") {
    return RunEval(args.subspan(1), io);
  }
  if (!args.empty() && args.front() == "export") {
    return RunExport(args.subspan(1), io);
  }
  if (!args.empty() && args.front() == "jacobian") {
    return RunTuneJacobian(args.subspan(1), io);
  }
  return RunFit(args, io);
}

}  // namespace pellucid::cli
