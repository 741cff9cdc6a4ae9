// `pellucid trace`: record activations by site name into a file.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/atomic_file.h"
#include "base/quote.h"
#include "cli/batches.h"
#include "cli/chat_prompt.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/edit_flags.h"
#include "cli/new_folder.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/prompt.h"
#include "cli/trace_files.h"
#include "model/model_impl.h"
#include "render/trace_json.h"
#include "trace/plan.h"
#include "trace/trace_writer.h"

namespace pellucid::cli {
namespace {

struct TraceFlags {
  ModelOptions model;
  PromptOptions prompt;
  std::optional<std::string> sites, out, json;
  std::vector<std::string> edits;  // files
  std::string color = "auto";
};

std::vector<std::string> SplitSites(const std::string& sites) {
  std::vector<std::string> out(1);
  for (const char c : sites) {
    if (c == ',') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

Status CheckFlags(const Arguments& arguments, const TraceFlags& flags) {
  PELLUCID_RETURN_IF_ERROR(CheckOneSource(arguments, flags.prompt));
  if (!flags.sites) {
    return arguments.Problem("--sites",
                             "is missing; name the activations to record, as "
                             "in --sites \"model.layers.*\" (pellucid info "
                             "--sites lists them)");
  }
  for (const std::string& site : SplitSites(*flags.sites)) {
    if (!site.empty()) continue;
    return arguments.Problem(
        "--sites", fmt::format("\"{}\" holds an empty name; leave out the "
                               "comma",
                               Quote(*flags.sites)));
  }
  if (!flags.out) {
    return arguments.Problem("--out",
                             "is missing; name a .safetensors or .npz "
                             "file (with --jsonl: a folder)");
  }
  if (!flags.prompt.jsonl && !TraceFormatOf(*flags.out) &&
      !IsDeviceOrPipe(*flags.out)) {
    return arguments.Problem(
        "--out", fmt::format("\"{}\" ends in neither .safetensors nor .npz; "
                             "name such a file",
                             Quote(*flags.out)));
  }
  return {};
}

TraceFormat FormatOf(const TraceFlags& flags) {
  return TraceFormatOf(*flags.out).value_or(TraceFormat::kSafetensors);
}

// What the sites ask for, before anything runs or is made for it: a wrong name
// is not the prompt's fault. kUsage: unknown sites; one whose array would have
// the name of an array of metadata.
Result<Plan> PlanTrace(const Arguments& arguments, const TraceFlags& flags,
                       const RunOptions& options, const Model& model) {
  PELLUCID_ASSIGN_OR_RETURN(Plan plan,
                            Plan::Make(model.impl().table, options.sites));
  if (flags.prompt.jsonl || FormatOf(flags) != TraceFormat::kNpz) {
    return plan;
  }
  for (const std::string& site : options.sites) {
    if (std::ranges::find(kMetadataNames, site) == kMetadataNames.end()) {
      continue;
    }
    return arguments.Problem(
        "--sites", fmt::format("\"{0}\" is an array of metadata in an .npz "
                               "file; write a .safetensors file, or use the "
                               "site's canonical name",
                               Quote(site)));
  }
  return plan;
}

Status RunOnePrompt(const Arguments& arguments, const TraceFlags& flags,
                    RunOptions options, Io& io) {
  PELLUCID_ASSIGN_OR_RETURN(RawPrompt prompt,
                            ReadPrompt(arguments, flags.prompt, io));
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  const Model& model = opened.model;
  const auto plan = PlanTrace(arguments, flags, options, model);
  if (!plan.ok()) return plan.error();
  PELLUCID_ASSIGN_OR_RETURN(options.edits, ReadEditFiles(flags.edits, model));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<TokenId> ids,
      EncodeOnePrompt(arguments, flags.prompt, model, &prompt, io));
  PELLUCID_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(*flags.out));
  std::unique_ptr<Output> json;
  if (flags.json) {
    PELLUCID_ASSIGN_OR_RETURN(json, Output::Open(*flags.json, io));
  }
  const Result<Trace> trace = [&] {
    ProgressLine progress(io, "trace");
    options.progress = progress.callback();
    return model.Run(ids, options);
  }();
  if (!trace.ok()) return trace.error();
  const std::size_t edits = options.edits.size();
  PELLUCID_RETURN_IF_ERROR(WriteTrace(*trace, prompt.text, model.info(), edits,
                                      FormatOf(flags), file, io.stop));
  if (json == nullptr) return {};
  render::WriteTraceJson(*trace, {prompt.text, prompt.turns, edits}, *flags.out,
                         render::JsonStyle::kIndented, json->sink());
  return json->Commit();
}

Status RunManyPrompts(const Arguments& arguments, const TraceFlags& flags,
                      RunOptions options, Io& io) {
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  const Model& model = opened.model;
  PELLUCID_ASSIGN_OR_RETURN(const Plan plan,
                            PlanTrace(arguments, flags, options, model));
  PELLUCID_ASSIGN_OR_RETURN(std::vector<Edit> all_edits,
                            ReadEditFiles(flags.edits, model));
  EditsByLine edits(std::move(all_edits));
  PELLUCID_ASSIGN_OR_RETURN(NewFolder folder, NewFolder::Make(*flags.out));
  PELLUCID_ASSIGN_OR_RETURN(const std::unique_ptr<Output> index,
                            Output::Open(flags.json.value_or("-"), io));
  const auto kept = [&](std::size_t tokens) {
    return plan.Numbers(model.impl().table, tokens);
  };
  const auto run_batch = [&](const Batch& batch) -> Status {
    options.edits = edits.Of(batch);
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<Trace> traces,
                              model.RunBatch(batch.ids, options));
    for (std::size_t i = 0; i < traces.size(); ++i) {
      const std::string path =
          folder / fmt::format("{:06}.safetensors", batch.first_line - 1 + i);
      PELLUCID_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
      PELLUCID_RETURN_IF_ERROR(WriteTrace(
          traces[i], batch.texts[i], model.info(), edits.Count(batch, i),
          TraceFormat::kSafetensors, file, io.stop));
      render::WriteTraceJson(
          traces[i], {batch.texts[i], batch.turns[i], edits.Count(batch, i)},
          path, render::JsonStyle::kCompact, index->sink());
    }
    return index->status();
  };
  PELLUCID_RETURN_IF_ERROR(
      ForEachBatch(arguments, flags.prompt, model, io, kept, run_batch));
  PELLUCID_RETURN_IF_ERROR(edits.CheckMet());
  PELLUCID_RETURN_IF_ERROR(index->Commit());
  folder.Keep();
  return {};
}

void AddFlags(Arguments& arguments, TraceFlags* flags) {
  AddPromptOptions(arguments, &flags->prompt);
  AddChatOptions(arguments, &flags->prompt);
  arguments.Text("--sites", "SITES", &flags->sites,
                 "names or patterns with commas between; * is any run without "
                 "a dot, all is everything but scores and pattern; required");
  arguments.Text("--out", "F", &flags->out,
                 "the .safetensors or .npz file to write (a pipe or a device "
                 "of another name gets safetensors); with --jsonl a folder of "
                 "000000.safetensors, ...; required");
  AddEditOption(arguments, &flags->edits);
  AddModelOptions(arguments, &flags->model);
  AddJsonOption(arguments, &flags->json);
  AddColorOption(arguments, &flags->color);
  arguments.Example(
      "pellucid trace \"The capital of France is\" --sites "
      "\"model.layers.*\" --out t.safetensors");
  arguments.Example(
      "pellucid trace --ids 504,3575 --sites embed,logits --out t.npz");
}

}  // namespace

Status RunTrace(Args args, Io& io) {
  Arguments arguments("trace",
                      "Runs a prompt and writes the activations of the named "
                      "sites as float32 tensors.");
  TraceFlags flags;
  AddFlags(arguments, &flags);
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_RETURN_IF_ERROR(CheckFlags(arguments, flags));
  RunOptions options;
  options.sites = SplitSites(*flags.sites);
  options.stop = io.stop;
  return flags.prompt.jsonl
             ? RunManyPrompts(arguments, flags, std::move(options), io)
             : RunOnePrompt(arguments, flags, std::move(options), io);
}

}  // namespace pellucid::cli
