// `pellucid generate`: what a model writes, token after token.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/atomic_file.h"
#include "cli/batches.h"
#include "cli/chat_prompt.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/edit_flags.h"
#include "cli/generate_flags.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/trace_files.h"
#include "pellucid/steer.h"
#include "render/generate_json.h"
#include "render/lens_json.h"

namespace pellucid::cli {
namespace {

// Writes text as it comes. A reader that is gone ends the work.
class TextStream {
 public:
  explicit TextStream(Io& io)
      : io_(io), forward_(io.stop, [this] { source_.request_stop(); }) {}

  void Write(std::string_view text) {
    if (!status_.ok()) return;
    status_ = io_.out.Write(text);
    if (!status_.ok()) source_.request_stop();
  }
  std::stop_token stop() const { return source_.get_token(); }
  const Status& status() const { return status_; }

 private:
  Io& io_;
  std::stop_source source_;
  std::stop_callback<std::function<void()>> forward_;
  Status status_;
};

// What is written beside the text, opened before the work begins.
struct Outputs {
  std::unique_ptr<Output> json, lens;  // null: not asked for
  std::optional<AtomicFile> record;

  static Result<Outputs> Open(const GenerateFlags& flags, Io& io) {
    Outputs outputs;
    const bool lines = flags.prompt.jsonl && flags.lens != "-";
    if (flags.json || lines) {
      PELLUCID_ASSIGN_OR_RETURN(outputs.json,
                                Output::Open(flags.json.value_or("-"), io));
    }
    if (flags.lens) {
      PELLUCID_ASSIGN_OR_RETURN(outputs.lens, Output::Open(*flags.lens, io));
    }
    if (flags.record) {
      PELLUCID_ASSIGN_OR_RETURN(outputs.record, AtomicFile::Create(*flags.out));
    }
    return outputs;
  }

  Status Commit() {
    for (Output* output : {json.get(), lens.get()}) {
      if (output != nullptr) PELLUCID_RETURN_IF_ERROR(output->Commit());
    }
    return {};
  }
};

// What every continuation of a call shares.
struct Setting {
  const GenerateFlags& flags;
  const OpenedModel& opened;
  const std::vector<SteeringVector>& vectors;
  render::TokenTexts texts;

  const Model& model() const { return opened.model; }
};

void WriteJson(const Generation& made, std::optional<double> scale,
               const render::RunInfo& run, const Setting& setting,
               render::JsonStyle style, const Outputs& outputs) {
  if (outputs.json) {
    render::WriteGenerateJson({made, setting.texts, scale}, style,
                              outputs.json->sink());
  }
  if (outputs.lens && made.lens) {
    render::WriteLensJson(
        {*made.lens, setting.model().info(), run, setting.texts}, style,
        outputs.lens->sink());
  }
}

// A model without a tokenizer shows ids, as --ids takes them.
std::string ShownText(const Generation& made, const Setting& setting) {
  if (setting.model().tokenizer() != nullptr) return made.text;
  std::vector<TokenId> ids;
  for (const GeneratedToken& token : made.tokens) ids.push_back(token.id);
  return fmt::format("{}", fmt::join(ids, ","));
}

// One prompt, once for each scale; the edits of a scale are those of its copy.
std::vector<Edit> EditsOf(const std::vector<Edit>& own,
                          const std::vector<SteeringVector>& vectors,
                          const std::vector<double>& scales) {
  std::vector<Edit> all = own;
  for (std::size_t i = 0; i < scales.size(); ++i) {
    std::vector<std::size_t> prompts;
    if (scales.size() > 1) prompts = {i};
    std::ranges::move(
        SteeringEdits(vectors, static_cast<float>(scales[i]), prompts),
        std::back_inserter(all));
  }
  return all;
}

Status WriteRecord(const Generation& made, const RawPrompt& prompt,
                   std::size_t edits, const Setting& setting, Outputs& outputs,
                   const Io& io) {
  if (!outputs.record) return {};
  std::optional<std::string> text = prompt.text;
  if (text) *text += made.text;
  return WriteTrace(
      made.trace, text, setting.model().info(), edits,
      TraceFormatOf(*setting.flags.out).value_or(TraceFormat::kSafetensors),
      *outputs.record, io.stop);
}

Status RunOnePrompt(const Arguments& arguments, GeneratePlan plan,
                    std::vector<Edit> edits, RawPrompt prompt,
                    const Setting& setting, Io& io) {
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<TokenId> ids,
                            EncodeOnePrompt(arguments, setting.flags.prompt,
                                            setting.model(), &prompt, io));
  PELLUCID_ASSIGN_OR_RETURN(Outputs outputs, Outputs::Open(setting.flags, io));
  const std::size_t copies = std::max<std::size_t>(plan.scales.size(), 1);
  const std::vector<std::vector<TokenId>> prompts(copies, ids);
  const bool streams = plan.shows_text && !plan.sweeps() &&
                       setting.model().tokenizer() != nullptr;
  TextStream text(io);
  plan.options.edits = EditsOf(edits, setting.vectors, plan.scales);
  plan.options.stop = text.stop();
  if (streams) {
    plan.options.on_text = [&](std::size_t, std::string_view piece) {
      text.Write(piece);
    };
  }
  const Result<std::vector<Generation>> made = [&] {
    if (streams) return GenerateBatch(setting.model(), prompts, plan.options);
    ProgressLine progress(io, "generate");
    plan.options.progress = progress.callback();
    return GenerateBatch(setting.model(), prompts, plan.options);
  }();
  PELLUCID_RETURN_IF_ERROR(text.status());
  if (!made.ok()) return made.error();
  const auto style = plan.sweeps() ? render::JsonStyle::kCompact
                                   : render::JsonStyle::kIndented;
  render::RunInfo run = RunInfoOf(setting.opened, prompt.text);
  run.turns = prompt.turns;
  run.edits = edits.size() + setting.vectors.size();
  for (std::size_t i = 0; i < copies; ++i) {
    const Generation& one = (*made)[i];
    std::optional<double> scale;
    if (!plan.scales.empty()) scale = plan.scales[i];
    if (plan.sweeps() && plan.shows_text) {
      text.Write(fmt::format("--- scale {}\n", *scale));
    }
    if (plan.shows_text && !streams) text.Write(ShownText(one, setting));
    if (plan.shows_text) text.Write("\n");
    WriteJson(one, scale, run, setting, style, outputs);
  }
  PELLUCID_RETURN_IF_ERROR(text.status());
  PELLUCID_RETURN_IF_ERROR(
      WriteRecord(made->front(), prompt, run.edits, setting, outputs, io));
  return outputs.Commit();
}

// What the cache and the lens hold of a prompt: numbers.
std::size_t KeptNumbers(std::size_t tokens, const GenerateOptions& options,
                        const Model& model) {
  constexpr std::size_t kPiece = 256;  // tokens that a cache grows by
  const ModelInfo& info = model.info();
  const std::size_t most = std::min(options.max_tokens, info.context_length);
  const std::size_t pieces = (tokens + most) / kPiece + 1;
  const std::size_t cached =
      pieces * kPiece * 2 * info.n_layers * info.n_kv_heads * info.head_dim;
  if (!options.lens) return cached;
  return cached +
         most * (info.n_layers + 1) * (info.d_model + 8 * options.lens->top_k);
}

Status RunManyPrompts(const Arguments& arguments, GeneratePlan plan,
                      std::vector<Edit> edits, const Setting& setting, Io& io) {
  const Model& model = setting.model();
  PELLUCID_ASSIGN_OR_RETURN(Outputs outputs, Outputs::Open(setting.flags, io));
  EditsByLine by_line(std::move(edits));
  plan.options.stop = io.stop;
  std::optional<double> scale;
  if (!plan.scales.empty()) scale = plan.scales.front();
  const auto kept = [&](std::size_t tokens) {
    return KeptNumbers(tokens, plan.options, model);
  };
  const auto run_batch = [&](const Batch& batch) -> Status {
    plan.options.edits =
        EditsOf(by_line.Of(batch), setting.vectors, plan.scales);
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<Generation> made,
                              GenerateBatch(model, batch.ids, plan.options));
    for (std::size_t i = 0; i < made.size(); ++i) {
      render::RunInfo run = RunInfoOf(setting.opened, batch.texts[i]);
      run.turns = batch.turns[i];
      run.edits = by_line.Count(batch, i) + setting.vectors.size();
      WriteJson(made[i], scale, run, setting, render::JsonStyle::kCompact,
                outputs);
    }
    for (const Output* output : {outputs.json.get(), outputs.lens.get()}) {
      if (output != nullptr) PELLUCID_RETURN_IF_ERROR(output->status());
    }
    return Status();
  };
  PELLUCID_RETURN_IF_ERROR(ForEachBatch(arguments, setting.flags.prompt, model,
                                        io, kept, run_batch));
  PELLUCID_RETURN_IF_ERROR(by_line.CheckMet());
  return outputs.Commit();
}

}  // namespace

Status RunGenerate(Args args, Io& io) {
  Arguments arguments(
      "generate",
      "Continues a prompt, token after token, behind a cache of keys and "
      "values. Takes the most probable token unless it is asked to draw.");
  GenerateFlags flags;
  AddGenerateFlags(arguments, &flags);
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_ASSIGN_OR_RETURN(GeneratePlan plan, PlanGenerate(arguments, flags));
  RawPrompt prompt;
  if (!flags.prompt.jsonl) {
    PELLUCID_ASSIGN_OR_RETURN(prompt, ReadPrompt(arguments, flags.prompt, io));
  }
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  PELLUCID_ASSIGN_OR_RETURN(std::vector<Edit> edits,
                            ReadEditFiles(flags.edits, opened.model));
  if (plan.options.lens) {
    PELLUCID_ASSIGN_OR_RETURN(plan.options.lens->trained,
                              ReadLensChoice(plan.lens, opened.model));
  }
  std::vector<SteeringVector> vectors;
  if (flags.steer) {
    PELLUCID_ASSIGN_OR_RETURN(vectors,
                              ReadSteering(*flags.steer, opened.model));
  }
  const Setting setting{flags, opened, vectors,
                        render::TextsOf(opened.model.tokenizer())};
  return flags.prompt.jsonl
             ? RunManyPrompts(arguments, std::move(plan), std::move(edits),
                              setting, io)
             : RunOnePrompt(arguments, std::move(plan), std::move(edits),
                            std::move(prompt), setting, io);
}

}  // namespace pellucid::cli
