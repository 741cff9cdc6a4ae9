#include "cli/generate_flags.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

#include "base/quote.h"
#include "cli/chat_prompt.h"
#include "cli/edit_flags.h"
#include "cli/trace_files.h"
#include "pellucid/selection.h"

namespace pellucid::cli {
namespace {

constexpr std::size_t kMaxCount = std::numeric_limits<TokenId>::max();

void AddChoice(Arguments& arguments, GenerateFlags* flags) {
  arguments.Number("--max-tokens", "N", 1, kMaxCount, &flags->max_tokens,
                   "tokens to write at most; default: 64");
  arguments.Real("--temperature", "T", 0, 1e6, &flags->temperature,
                 "draw tokens, with logits divided by this; 0: the most "
                 "probable one. Without any of the options down to --seed: the "
                 "most probable one");
  arguments.Text("--top-k", "K", &flags->top_k,
                 "draw from the K most probable");
  arguments.Real("--top-p", "P", 0, 1, &flags->top_p,
                 "draw from the most probable that make up this probability");
  arguments.Real("--min-p", "P", 0, 1, &flags->min_p,
                 "draw from those of at least this share of the most probable "
                 "one's probability");
  arguments.Text("--seed", "S", &flags->seed,
                 "draw, by these random numbers; default: 0");
  arguments.Real("--repetition-penalty", "R", 1e-6, 1e6,
                 &flags->repetition_penalty,
                 "divide positive logits of tokens that were there by this, "
                 "multiply negative ones; default: 1");
  arguments.Texts("--stop", "TEXT", &flags->stop,
                  "end before this text (may be repeated)");
  arguments.Flag("--ignore-eos", &flags->ignore_eos,
                 "go on behind tokens that end a text");
}

void AddRecords(Arguments& arguments, GenerateFlags* flags) {
  arguments.Text("--record", "SITES", &flags->record,
                 "write the activations of these sites, of all tokens, to "
                 "--out; names as for pellucid trace --sites");
  arguments.Text("--out", "F", &flags->out,
                 "the .safetensors or .npz file of --record");
  arguments.Text("--lens", "FILE|-", &flags->lens,
                 "write the lens of the positions that chose a token each, as "
                 "pellucid lens --json does");
  arguments.Text("--lens-kind", kLensValue, &flags->lens_kind,
                 "which lens, as for pellucid lens --lens; default: logit");
  arguments.Text("--lens-layers", "LAYERS", &flags->lens_layers,
                 "its rows, as for pellucid lens --layers; default: all");
  arguments.Number("--lens-top-k", "K", 1, kMaxCount, &flags->lens_top_k,
                   "its tokens a cell; default: 5");
}

Result<std::uint64_t> WholeNumber(const Arguments& arguments,
                                  std::string_view option,
                                  const std::string& text) {
  if (const auto number = ParseNumber(text)) return *number;
  return arguments.Problem(
      option, fmt::format("\"{}\" is no whole number; give one", Quote(text)));
}

Status TakeSampling(const Arguments& arguments, const GenerateFlags& flags,
                    SamplingOptions& sampling) {
  sampling.temperature = flags.temperature;
  sampling.top_p = flags.top_p;
  sampling.min_p = flags.min_p;
  sampling.repetition_penalty = flags.repetition_penalty.value_or(1);
  if (flags.top_k) {
    PELLUCID_ASSIGN_OR_RETURN(sampling.top_k,
                              WholeNumber(arguments, "--top-k", *flags.top_k));
  }
  if (flags.seed) {
    PELLUCID_ASSIGN_OR_RETURN(sampling.seed,
                              WholeNumber(arguments, "--seed", *flags.seed));
  }
  if (flags.top_k && *sampling.top_k == 0) {
    return arguments.Problem("--top-k", "0 keeps no token; give 1 or more");
  }
  if (flags.top_p && *flags.top_p == 0) {
    return arguments.Problem("--top-p", "0 keeps no token; give more");
  }
  return {};
}

Status TakeScales(const Arguments& arguments, const GenerateFlags& flags,
                  std::vector<double>& scales) {
  if (!flags.steer) {
    if (!flags.scale) return {};
    return arguments.Problem("--scale",
                             "is the scale of --steer; give that too");
  }
  for (const std::string& item : SplitAtCommas(flags.scale.value_or("1"))) {
    const auto scale = ParseReal(item);
    if (!scale || !std::isfinite(static_cast<float>(*scale))) {
      return arguments.Problem(
          "--scale", fmt::format("\"{}\" is no number; give one, or several "
                                 "with commas, as in 0,2,-2",
                                 Quote(item)));
    }
    scales.push_back(*scale);
  }
  if (scales.size() > 1 && flags.prompt.jsonl) {
    return arguments.Problem("--scale",
                             "several are for one prompt, not for --jsonl; "
                             "give one of the two");
  }
  return {};
}

Status CheckRecord(const Arguments& arguments, const GenerateFlags& flags,
                   bool sweeps) {
  if (flags.record.has_value() != flags.out.has_value()) {
    return arguments.Problem(
        flags.record ? "--record" : "--out",
        flags.record ? "needs a file; name it by --out"
                     : "is the file of --record; name sites by that");
  }
  if (!flags.record) return {};
  if (flags.prompt.jsonl || sweeps) {
    return arguments.Problem("--record",
                             "is for one continuation; give one prompt and "
                             "one scale");
  }
  for (const std::string& site : SplitAtCommas(*flags.record)) {
    if (!site.empty()) continue;
    return arguments.Problem(
        "--record", fmt::format("\"{}\" holds an empty name; leave out the "
                                "comma",
                                Quote(*flags.record)));
  }
  if (!TraceFormatOf(*flags.out) && !IsDeviceOrPipe(*flags.out)) {
    return arguments.Problem(
        "--out", fmt::format("\"{}\" ends in neither .safetensors nor .npz; "
                             "name such a file",
                             Quote(*flags.out)));
  }
  return {};
}

Status TakeLens(const Arguments& arguments, const GenerateFlags& flags,
                GeneratePlan& plan) {
  if (!flags.lens) {
    if (!flags.lens_layers && !flags.lens_kind) return {};
    return arguments.Problem(flags.lens_kind ? "--lens-kind" : "--lens-layers",
                             "is of --lens; give that too");
  }
  PELLUCID_ASSIGN_OR_RETURN(
      plan.lens, ParseLensChoice(arguments, flags.lens_kind, "--lens-kind"));
  GenerateOptions& options = plan.options;
  options.lens.emplace();
  options.lens->top_k = flags.lens_top_k;
  if (!flags.lens_layers) return {};
  PELLUCID_ASSIGN_OR_RETURN(
      options.lens->layers,
      Selection::Parse(*flags.lens_layers, "generate: --lens-layers", true));
  return {};
}

}  // namespace

void AddGenerateFlags(Arguments& arguments, GenerateFlags* flags) {
  AddPromptOptions(arguments, &flags->prompt);
  AddChatOptions(arguments, &flags->prompt);
  AddChoice(arguments, flags);
  AddEditOption(arguments, &flags->edits);
  arguments.Text("--steer", "F", &flags->steer,
                 "add the vectors of this file (pellucid steer make; or "
                 "llama.cpp's control vectors) at every position");
  arguments.Text("--scale", "X[,X...]", &flags->scale,
                 "times this; of several, one continuation each; default: 1");
  AddRecords(arguments, flags);
  AddModelOptions(arguments, &flags->model);
  AddJsonOption(arguments, &flags->json);
  AddColorOption(arguments, &flags->color);
  arguments.Example(
      "pellucid generate \"The capital of France is\" "
      "--max-tokens 20");
  arguments.Example(
      "pellucid generate \"Once upon a time\" --temperature 0.8 "
      "--top-p 0.95 --seed 7 --json -");
  arguments.Example(
      "pellucid generate \"I think that\" --steer v.safetensors "
      "--scale -4,0,4");
}

Result<GeneratePlan> PlanGenerate(const Arguments& arguments,
                                  const GenerateFlags& flags) {
  PELLUCID_RETURN_IF_ERROR(CheckOneSource(arguments, flags.prompt));
  GeneratePlan plan;
  plan.options.max_tokens = flags.max_tokens;
  plan.options.stop_texts = flags.stop;
  if (flags.ignore_eos) plan.options.stop_tokens.emplace();
  PELLUCID_RETURN_IF_ERROR(
      TakeSampling(arguments, flags, plan.options.sampling));
  PELLUCID_RETURN_IF_ERROR(TakeScales(arguments, flags, plan.scales));
  PELLUCID_RETURN_IF_ERROR(CheckRecord(arguments, flags, plan.sweeps()));
  PELLUCID_RETURN_IF_ERROR(TakeLens(arguments, flags, plan));
  if (flags.record) plan.options.sites = SplitAtCommas(*flags.record);
  if (flags.lens && flags.json == flags.lens) {
    return arguments.Problem("--lens",
                             "goes where --json does; write one of "
                             "them elsewhere");
  }
  plan.shows_text =
      !flags.prompt.jsonl && flags.json != "-" && flags.lens != "-";
  return plan;
}

}  // namespace pellucid::cli
