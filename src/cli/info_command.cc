// `pellucid info`: what a model file holds. Reads headers only.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/output.h"
#include "render/info_json.h"

namespace pellucid::cli {
namespace {

struct InfoFlags {
  ModelOptions model;
  std::optional<std::string> ref, json;
  bool tensors = false;
  bool sites = false;
  std::string color = "auto";
};

render::InfoReport ReportOf(const Model& model, const InfoFlags& flags) {
  render::InfoReport report;
  report.model = model.info();
  if (const Tokenizer* tokenizer = model.tokenizer()) {
    report.tokenizer = {tokenizer->Kind(), tokenizer->VocabSize(),
                        tokenizer->BosId(), tokenizer->EosId(),
                        tokenizer->AddsBos()};
  } else {
    report.tokenizer_error = model.RequireTokenizer().error().message;
  }
  if (flags.tensors) report.tensors = model.Tensors();
  if (flags.sites) report.sites = model.Sites();
  return report;
}

std::string IdOr(const std::optional<TokenId>& id) {
  return id ? fmt::format("{}", *id) : "none";
}

std::string TokenizerLine(const render::InfoReport& report) {
  const std::optional<render::TokenizerInfo>& info = report.tokenizer;
  if (!info) return "none: " + report.tokenizer_error;
  return fmt::format("{}, {} tokens, bos {}, eos {}, {} bos", info->kind,
                     info->vocab_size, IdOr(info->bos_id), IdOr(info->eos_id),
                     info->adds_bos ? "adds" : "adds no");
}

std::string ForPeople(const render::InfoReport& report) {
  const ModelInfo& model = report.model;
  std::string out;
  const auto line = [&out](std::string_view key, const auto& value) {
    out += fmt::format("{:<20}{}\n", key, value);
  };
  line("model", model.ref);
  line("path", model.path);
  line("architecture", model.architecture);
  line("format", model.format);
  line("hash", model.hash);
  line("layers", model.n_layers);
  line("d_model", model.d_model);
  line("heads", fmt::format("{} (key-value {}, of {})", model.n_heads,
                            model.n_kv_heads, model.head_dim));
  line("d_mlp", model.d_mlp);
  line("vocabulary", model.vocab_size);
  line("context", model.context_length);
  for (const auto& [key, value] : model.details) line(key, value);
  line("tokenizer", TokenizerLine(report));
  if (report.tensors) {
    out += "\nTensors:\n";
    for (const TensorInfo& tensor : *report.tensors) {
      out += fmt::format("  {:<40} {:<6} [{}] {} bytes\n", tensor.name,
                         tensor.dtype, fmt::join(tensor.shape, ", "),
                         tensor.bytes);
    }
  }
  if (report.sites) {
    out += "\nSites:\n";
    for (const SiteInfo& site : *report.sites) {
      out += fmt::format("  {:<40} {}{}{}\n", site.name, site.shape,
                         site.aliases.empty() ? "" : "  also ",
                         fmt::join(site.aliases, ", "));
    }
  }
  return out;
}

}  // namespace

Status RunInfo(Args args, Io& io) {
  Arguments arguments("info",
                      "Shows configuration and tokenizer of a model, and on "
                      "request its tensors and sites. Reads headers only.");
  InfoFlags flags;
  arguments.Positional("REF", &flags.ref, "the model, as for --model");
  AddModelOptions(arguments, &flags.model);
  arguments.Flag("--tensors", &flags.tensors, "list the tensors of the file");
  arguments.Flag("--sites", &flags.sites,
                 "list the names of activations and their aliases");
  AddJsonOption(arguments, &flags.json);
  AddColorOption(arguments, &flags.color);
  arguments.Example("pellucid info model.gguf --sites");
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_RETURN_IF_ERROR(
      TakeReference(arguments, flags.ref, &flags.model.ref));

  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  const render::InfoReport report = ReportOf(opened.model, flags);
  PELLUCID_ASSIGN_OR_RETURN(const std::unique_ptr<Output> output,
                            Output::Open(flags.json.value_or("-"), io));
  if (flags.json) {
    render::WriteInfoJson(report, render::JsonStyle::kIndented, output->sink());
  } else {
    output->sink()(ForPeople(report));
  }
  return output->Commit();
}

}  // namespace pellucid::cli
