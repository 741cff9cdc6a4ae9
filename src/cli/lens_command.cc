// `pellucid lens`: decode every layer at every position.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/batches.h"
#include "cli/chat_prompt.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/edit_flags.h"
#include "cli/lens_flags.h"
#include "cli/output.h"
#include "cli/page_output.h"
#include "cli/progress.h"
#include "pellucid/lens.h"
#include "render/csv.h"
#include "render/lens_comparison.h"
#include "render/lens_json.h"
#include "render/lens_page.h"
#include "render/lens_report.h"
#include "render/table.h"

namespace pellucid::cli {
namespace {

// The outputs that were asked for, opened before the work begins.
struct LensOutputs {
  // Null: not asked for.
  std::unique_ptr<Output> table, json, csv, plot, plot_target;
  std::unique_ptr<PageOutput> page;

  static Result<LensOutputs> Open(const LensFlags& flags, const LensPlan& plan,
                                  Io& io) {
    LensOutputs outputs;
    const auto open = [&io](const std::optional<std::string>& path,
                            std::unique_ptr<Output>* to) -> Status {
      if (!path) return {};
      PELLUCID_ASSIGN_OR_RETURN(*to, Output::Open(*path, io));
      return {};
    };
    PELLUCID_RETURN_IF_ERROR(open(flags.json, &outputs.json));
    PELLUCID_RETURN_IF_ERROR(open(flags.csv, &outputs.csv));
    PELLUCID_RETURN_IF_ERROR(open(flags.figures.plot, &outputs.plot));
    PELLUCID_RETURN_IF_ERROR(
        open(flags.figures.plot_target, &outputs.plot_target));
    if (plan.table) PELLUCID_RETURN_IF_ERROR(open("-", &outputs.table));
    if (flags.html) {
      PELLUCID_ASSIGN_OR_RETURN(outputs.page,
                                PageOutput::Open(*flags.html, "lens", io));
    }
    return outputs;
  }

  Status Commit() {
    for (Output* output :
         {json.get(), csv.get(), plot.get(), plot_target.get(), table.get()}) {
      if (output != nullptr) PELLUCID_RETURN_IF_ERROR(output->Commit());
    }
    return {};
  }
};

Status WriteAll(const render::LensReport& report, const LensPlan& plan,
                const Io& io, LensOutputs& outputs) {
  if (outputs.json) {
    render::WriteLensJson(report, render::JsonStyle::kIndented,
                          outputs.json->sink());
  }
  if (outputs.csv) outputs.csv->sink()(render::LensCsv(report));
  if (outputs.plot) {
    PELLUCID_ASSIGN_OR_RETURN(const std::string file,
                              DrawPlot(report, plan.figures));
    outputs.plot->sink()(file);
  }
  if (outputs.plot_target) {
    PELLUCID_ASSIGN_OR_RETURN(const std::string file,
                              DrawPlotTarget(report, plan.figures));
    outputs.plot_target->sink()(file);
  }
  if (outputs.table) {
    const Terminal& terminal = io.out_terminal;
    outputs.table->sink()(
        report.compared != nullptr
            ? render::LensComparison(report)
            : render::RenderTable(
                  report, {.width = terminal.is_terminal ? terminal.columns : 0,
                           .color = ColorsFor(plan.color, terminal),
                           .metric = plan.metric}));
  }
  return outputs.Commit();
}

// The runs that the page shows: of each lens that of the other outputs if it
// serves, and before it the one without edits, if there are any.
class PageRuns {
 public:
  PageRuns(const Model& model, const render::RunInfo& run, Io& io)
      : model_(model),
        run_(run),
        tokens_(render::PageTokensOf(model.tokenizer())),
        io_(io) {}

  // `compared` has the lens of --compare, if there is one.
  Status Write(const Lens& lens, const std::optional<LensOptions>& compared,
               const std::optional<Lens>& other, const LensPlan& plan,
               PageOutput& page) {
    page.data().Key("runs");
    page.data().BeginArray();
    PELLUCID_RETURN_IF_ERROR(AddRuns(lens, plan.options, plan.page_needs_run,
                                     compared.has_value(), page));
    if (compared) {
      PELLUCID_RETURN_IF_ERROR(AddRuns(*other, *compared, false, true, page));
    }
    page.data().EndArray();
    return page.Commit(io_);
  }

 private:
  // Labels say what runs differ in: `named`: by their lens, too.
  Status AddRuns(const Lens& lens, LensOptions options, bool needs_run,
                 bool named, PageOutput& page) {
    options.follow = FollowFinal::kEach;
    const bool edited = !options.edits.empty();
    const auto label = [&](const char* state) -> std::optional<std::string> {
      if (!edited && !named) return std::nullopt;
      if (!named) return state;
      const std::string name = render::LensName(lens);
      return edited ? std::string(state) + ", " + name : name;
    };
    if (edited) {
      LensOptions clean = options;
      clean.edits.clear();
      PELLUCID_ASSIGN_OR_RETURN(const Lens without, Compute(lens.ids, clean));
      Add(without, 0, label("clean"), page);
    }
    if (needs_run) {
      PELLUCID_ASSIGN_OR_RETURN(const Lens own, Compute(lens.ids, options));
      Add(own, options.edits.size(), label("edited"), page);
    } else {
      Add(lens, options.edits.size(), label("edited"), page);
    }
    return {};
  }

  Result<Lens> Compute(const std::vector<TokenId>& ids, LensOptions options) {
    ProgressLine progress(io_, "lens");
    options.progress = progress.callback();
    return ComputeLens(model_, ids, options);
  }

  void Add(const Lens& lens, std::size_t edits,
           const std::optional<std::string>& label, PageOutput& page) {
    render::RunInfo run = run_;
    run.edits = edits;
    render::WritePageLens({lens, model_.info(), run, tokens_.texts}, tokens_,
                          label, page.data());
  }

  const Model& model_;
  const render::RunInfo& run_;
  render::PageTokens tokens_;
  Io& io_;
};

Status RunOnePrompt(const Arguments& arguments, const LensFlags& flags,
                    LensPlan plan, Io& io) {
  PELLUCID_ASSIGN_OR_RETURN(RawPrompt prompt,
                            ReadPrompt(arguments, flags.prompt, io));
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  const Model& model = opened.model;
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<TokenId> ids,
      EncodeOnePrompt(arguments, flags.prompt, model, &prompt, io));
  PELLUCID_ASSIGN_OR_RETURN(plan.options.targets,
                            ResolveTargets(arguments, flags, model));
  PELLUCID_ASSIGN_OR_RETURN(plan.options.edits,
                            ReadEditFiles(flags.edits, model));
  PELLUCID_ASSIGN_OR_RETURN(plan.options.trained,
                            ReadLensChoice(plan.lens, model));
  PELLUCID_ASSIGN_OR_RETURN(LensOutputs outputs,
                            LensOutputs::Open(flags, plan, io));
  const auto compute = [&](LensOptions options) {
    ProgressLine progress(io, "lens");
    options.progress = progress.callback();
    return ComputeLens(model, ids, options);
  };
  PELLUCID_ASSIGN_OR_RETURN(const Lens lens, compute(plan.options));
  std::optional<LensOptions> compared;
  std::optional<Lens> other;
  if (plan.compare) {
    compared = plan.options;
    PELLUCID_ASSIGN_OR_RETURN(compared->trained,
                              ReadLensChoice(*plan.compare, model));
    PELLUCID_ASSIGN_OR_RETURN(other, compute(*compared));
  }
  render::RunInfo run = RunInfoOf(opened, std::move(prompt.text));
  run.edits = plan.options.edits.size();
  run.precision = LensPrecisionName(plan.options.precision);
  run.turns = std::move(prompt.turns);
  const auto texts = render::TextsOf(model.tokenizer());
  PELLUCID_RETURN_IF_ERROR(
      WriteAll({lens, model.info(), run, texts, other ? &*other : nullptr},
               plan, io, outputs));
  if (!outputs.page) return {};
  return PageRuns(model, run, io)
      .Write(lens, compared, other, plan, *outputs.page);
}

Status RunManyPrompts(const Arguments& arguments, const LensFlags& flags,
                      LensPlan plan, Io& io) {
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  const Model& model = opened.model;
  PELLUCID_ASSIGN_OR_RETURN(plan.options.targets,
                            ResolveTargets(arguments, flags, model));
  PELLUCID_ASSIGN_OR_RETURN(plan.options.edits,
                            ReadEditFiles(flags.edits, model));
  PELLUCID_ASSIGN_OR_RETURN(plan.options.trained,
                            ReadLensChoice(plan.lens, model));
  EditsByLine edits(plan.options.edits);
  // So that no line of the file is blamed for what is wrong with an option.
  PELLUCID_RETURN_IF_ERROR(CheckLensOptions(model, plan.options));
  // Null: not asked for.
  std::unique_ptr<Output> output;
  std::unique_ptr<PageOutput> page;
  if (flags.json || !flags.html) {
    PELLUCID_ASSIGN_OR_RETURN(output,
                              Output::Open(flags.json.value_or("-"), io));
  }
  if (flags.html) {
    PELLUCID_ASSIGN_OR_RETURN(page, PageOutput::Open(*flags.html, "lens", io));
    page->data().Key("runs");
    page->data().BeginArray();
  }
  const auto page_tokens = render::PageTokensOf(model.tokenizer());
  // A vector a cell, and of each token that it lists logit, log-probability,
  // probability and what the pass over the vocabulary holds: 8 numbers.
  const auto kept = [&](std::size_t tokens) {
    const ModelInfo& info = model.info();
    const std::size_t rows = 1 + plan.options.sites.size() * info.n_layers;
    return tokens * rows * (info.d_model + 8 * plan.options.top_k);
  };
  const auto run_batch = [&](const Batch& batch) -> Status {
    plan.options.edits = edits.Of(batch);
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<Lens> lenses,
                              ComputeLensBatch(model, batch.ids, plan.options));
    for (std::size_t i = 0; i < lenses.size(); ++i) {
      render::RunInfo run = RunInfoOf(opened, batch.texts[i]);
      run.edits = edits.Count(batch, i);
      run.precision = LensPrecisionName(plan.options.precision);
      run.turns = batch.turns[i];
      const render::LensReport report{lenses[i], model.info(), run,
                                      page_tokens.texts};
      if (output) {
        render::WriteLensJson(report, render::JsonStyle::kCompact,
                              output->sink());
      }
      if (page) {
        render::WritePageLens(report, page_tokens, std::nullopt, page->data());
      }
    }
    if (page && !page->status().ok()) return page->status();
    return output ? output->status() : Status();
  };
  PELLUCID_RETURN_IF_ERROR(
      ForEachBatch(arguments, flags.prompt, model, io, kept, run_batch));
  PELLUCID_RETURN_IF_ERROR(edits.CheckMet());
  if (page) {
    page->data().EndArray();
    PELLUCID_RETURN_IF_ERROR(page->Commit(io));
  }
  return output ? output->Commit() : Status();
}

}  // namespace

Status RunLens(Args args, Io& io) {
  Arguments arguments(
      "lens",
      "Decodes the residual stream after every block, at every position, with "
      "the model's own final norm and unembedding: what it would predict if it "
      "stopped there. The last row is the model's own output.");
  LensFlags flags;
  AddLensFlags(arguments, &flags);
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_ASSIGN_OR_RETURN(LensPlan plan, PlanLens(arguments, flags));
  plan.options.stop = io.stop;
  return flags.prompt.jsonl
             ? RunManyPrompts(arguments, flags, std::move(plan), io)
             : RunOnePrompt(arguments, flags, std::move(plan), io);
}

}  // namespace pellucid::cli
