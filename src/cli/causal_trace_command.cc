// `pellucid causal-trace`: where a fact is recalled.
#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/atomic_file.h"
#include "base/quote.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/heatmap_flags.h"
#include "cli/progress.h"
#include "cli/prompt.h"
#include "cli/result_outputs.h"
#include "cli/token_flags.h"
#include "formats/safetensors_writer.h"
#include "model/stored_tensor.h"
#include "model/token_span.h"
#include "pellucid/causal_trace.h"
#include "render/causal_report.h"

namespace pellucid::cli {
namespace {

constexpr std::size_t kMaxCount = std::numeric_limits<std::int32_t>::max();
constexpr std::string_view kNoiseTensor = "noise";

struct CausalFlags {
  ModelOptions model;
  PromptOptions prompt;
  std::optional<std::string> subject, subject_positions, answer, noise_std;
  std::optional<std::string> noise_in, noise_out, layers, positions;
  std::string kind = "resid";
  std::size_t window = 0, samples = 10, seed = 0, resamples = 1000;
  ResultFlags result;
};

void AddFlags(Arguments& arguments, CausalFlags* flags) {
  AddPromptOptions(arguments, &flags->prompt);
  arguments.Text("--subject", "TEXT", &flags->subject,
                 "the part of the prompt that the fact is about");
  arguments.Text("--subject-positions", "POSITIONS", &flags->subject_positions,
                 "its positions instead: 1:4, or 1,2,3");
  arguments.Text("--answer", "TEXT|id=N", &flags->answer,
                 "the token whose probability is read; default: the clean "
                 "run's top-1");
  arguments.Choice("--kind", {"resid", "mlp", "attn"}, &flags->kind,
                   "what is restored: a block's output, or that of its MLP or "
                   "attention; default: resid");
  arguments.Number("--window", "W", 1, kMaxCount, &flags->window,
                   "blocks restored together; default: 1 of resid, else 10");
  arguments.Number("--samples", "N", 1, 100000, &flags->samples,
                   "of the noise; default: 10");
  arguments.Number("--seed", "S", 0, kMaxCount, &flags->seed,
                   "of noise and bootstrap; default: 0");
  arguments.Text("--noise-std", "X", &flags->noise_std,
                 "standard deviation of the noise; default: 3 times that of "
                 "the embedding matrix");
  arguments.Text(
      "--noise-in", "F.safetensors", &flags->noise_in,
      "the noise itself: a tensor noise [samples, subject, d_model]");
  arguments.Text("--noise-out", "F.safetensors", &flags->noise_out,
                 "write the noise that was added");
  arguments.Text("--layers", "LAYERS", &flags->layers,
                 "blocks: all, 0,4,8, a slice 0:30:4, -1; default: all");
  arguments.Text("--positions", "POSITIONS", &flags->positions,
                 "all, last, 0,3 or a slice -3:; default: all");
  arguments.Number("--resamples", "N", 0, 1000000, &flags->resamples,
                   "of the bootstrap; default: 1000");
  AddResultFlags(arguments, &flags->result);
  AddPageOption(arguments, &flags->result.html);
  AddModelOptions(arguments, &flags->model);
  arguments.Example(
      "pellucid causal-trace \"The Eiffel Tower is in the city of\" --subject "
      "\"Eiffel Tower\" --plot trace.svg");
}

Status CheckFlags(const Arguments& arguments, const CausalFlags& flags) {
  PELLUCID_RETURN_IF_ERROR(CheckOneSource(arguments, flags.prompt));
  if (flags.prompt.jsonl) {
    return arguments.Problem("--jsonl", "is not for one fact; give a text");
  }
  if (flags.subject.has_value() == flags.subject_positions.has_value()) {
    return arguments.Problem(
        "--subject",
        flags.subject ? "is given twice; leave out --subject-positions"
                      : "is missing; name the part of the prompt that the fact "
                        "is about");
  }
  if (flags.noise_in && flags.noise_std) {
    return arguments.Problem("--noise-std",
                             "changes nothing with --noise-in; leave one out");
  }
  return CheckResultFlags(arguments, flags.result);
}

Status ReadNoise(const Arguments& arguments, const CausalFlags& flags,
                 CausalTraceOptions* options) {
  if (flags.noise_std) {
    float value = 0;
    const char* begin = flags.noise_std->data();
    const char* end = begin + flags.noise_std->size();
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error != std::errc() || stop != end || !(value > 0)) {
      return arguments.Problem(
          "--noise-std", fmt::format("\"{}\" is no number above 0; give one",
                                     Quote(*flags.noise_std)));
    }
    options->noise_std = value;
  }
  if (flags.noise_in) {
    PELLUCID_ASSIGN_OR_RETURN(options->noise,
                              ReadStoredTensor("causal-trace", *flags.noise_in,
                                               std::string(kNoiseTensor)));
  }
  return {};
}

// What can be said before a model is there.
Result<CausalTraceOptions> PlanTrace(const Arguments& arguments,
                                     const CausalFlags& flags) {
  PELLUCID_RETURN_IF_ERROR(CheckFlags(arguments, flags));
  CausalTraceOptions options;
  options.kind = flags.kind;
  if (flags.window > 0) options.window = flags.window;
  options.samples = flags.samples;
  options.seed = flags.seed;
  options.resamples = flags.resamples;
  PELLUCID_RETURN_IF_ERROR(ReadNoise(arguments, flags, &options));
  if (flags.layers) {
    PELLUCID_ASSIGN_OR_RETURN(
        options.layers,
        Selection::Parse(*flags.layers, "causal-trace: --layers"));
  }
  if (flags.positions) {
    PELLUCID_ASSIGN_OR_RETURN(
        options.positions,
        Selection::Parse(*flags.positions, "causal-trace: --positions"));
  }
  return options;
}

Result<std::vector<std::size_t>> ResolveSubject(const Arguments& arguments,
                                                const CausalFlags& flags,
                                                const std::vector<TokenId>& ids,
                                                const Model& model) {
  if (flags.subject_positions) {
    PELLUCID_ASSIGN_OR_RETURN(
        const Selection positions,
        Selection::Parse(*flags.subject_positions,
                         "causal-trace: --subject-positions"));
    return positions.Resolve(ids.size());
  }
  PELLUCID_ASSIGN_OR_RETURN(const Tokenizer* tokenizer,
                            model.RequireTokenizer());
  auto found = TokensOfText(*tokenizer, ids, *flags.subject);
  if (!found.ok()) {
    return arguments.Problem("--subject", found.error().message);
  }
  return found;
}

Status WriteNoise(const Tensor& noise, const std::string& path) {
  PELLUCID_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  const std::vector<NamedFloats> tensors = {
      {std::string(kNoiseTensor), noise.shape, noise.data}};
  PELLUCID_RETURN_IF_ERROR(WriteSafetensors(file.Sink(), tensors));
  return file.Commit();
}

}  // namespace

Status RunCausalTrace(Args args, Io& io) {
  Arguments arguments(
      "causal-trace",
      "Corrupts the subject of a fact by noise, restores one state after "
      "another, and reads where the answer comes back (Meng et al. 2022).");
  CausalFlags flags;
  AddFlags(arguments, &flags);
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_ASSIGN_OR_RETURN(CausalTraceOptions options,
                            PlanTrace(arguments, flags));
  PELLUCID_ASSIGN_OR_RETURN(const HeatmapPlan plan,
                            PlanHeatmap(arguments, flags.result.heatmap));
  PELLUCID_ASSIGN_OR_RETURN(const RawPrompt prompt,
                            ReadPrompt(arguments, flags.prompt, io));
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  const Model& model = opened.model;
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<TokenId> ids,
      EncodePrompt(arguments, prompt, flags.prompt.bos_policy(), model, io));
  PELLUCID_ASSIGN_OR_RETURN(options.subject,
                            ResolveSubject(arguments, flags, ids, model));
  if (flags.answer) {
    PELLUCID_ASSIGN_OR_RETURN(
        options.answer,
        ResolveToken(arguments, "--answer", *flags.answer, model));
  }
  PELLUCID_ASSIGN_OR_RETURN(
      ResultOutputs outputs,
      ResultOutputs::Open(flags.result, "causal-trace", io));
  options.stop = io.stop;
  const Result<CausalTrace> trace = [&] {
    ProgressLine progress(io, "causal-trace");
    options.progress = progress.callback();
    return TraceCauses(model, ids, options);
  }();
  if (!trace.ok()) return trace.error();
  if (flags.noise_out) {
    PELLUCID_RETURN_IF_ERROR(WriteNoise(trace->noise, *flags.noise_out));
  }
  const render::RunInfo run = RunInfoOf(opened, prompt.text);
  const auto texts = render::TextsOf(model.tokenizer());
  const render::CausalReport report{ids,          options, *trace,
                                    model.info(), run,     texts};
  const render::Heatmap heatmap = render::CausalHeatmap(report);
  return outputs.Write(
      {.json = [&](const auto& sink) { WriteCausalJson(report, sink); },
       .csv = [&] { return CausalCsv(report); },
       .table =
           [&](std::size_t width, render::ColorMode color) {
             return HeatmapTable(heatmap, width, color);
           },
       .page = [&] { return MakeHeatmapFigure(heatmap, plan.options); },
       .html = [&](render::JsonWriter& json) { WriteCausal(report, json); }},
      plan, io);
}

}  // namespace pellucid::cli
