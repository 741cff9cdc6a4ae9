// `pellucid check`: self-checks of a model.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "analysis/self_check.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/output.h"
#include "render/check_json.h"

namespace pellucid::cli {
namespace {

struct CheckFlags {
  ModelOptions model;
  std::optional<std::string> ref;
  std::optional<std::string> json;
  std::string color = "auto";
};

render::CheckReport ReportOf(const Model& model, const SelfCheckReport& found) {
  render::CheckReport report;
  report.model = model.info();
  report.in_force = found.in_force;
  for (const SelfCheck& check : found.checks) {
    report.checks.push_back(
        {check.name, check.ok, check.value, check.limit, check.note});
  }
  return report;
}

std::string NumberOr(const std::optional<double>& number) {
  return number ? fmt::format("{:.6g}", *number) : "-";
}

std::string Table(const SelfCheckReport& found, const ModelInfo& model) {
  std::string out = fmt::format("{} ({}, {} layers)\n", model.ref,
                                model.architecture, model.n_layers);
  for (const auto& [key, value] : found.in_force) {
    out += fmt::format("  {:<21}{}\n", key, value);
  }
  for (const SelfCheck& check : found.checks) {
    out += fmt::format(
        "{:<6} {:<24} {:>10} limit {:<10} {}\n", check.ok ? "ok" : "FAILED",
        check.name, NumberOr(check.value), NumberOr(check.limit), check.note);
  }
  return out;
}

Status Verdict(const SelfCheckReport& found, const ModelInfo& model) {
  std::string failed;
  for (const SelfCheck& check : found.checks) {
    if (check.ok) continue;
    failed += (failed.empty() ? "" : ", ") + check.name;
  }
  if (failed.empty()) return {};
  return FailedError(fmt::format(
      "check: {}: does not hold: {}; its notes say what is wrong: do not trust "
      "numbers of this model before that is mended",
      model.ref, failed));
}

}  // namespace

Status RunCheck(Args args, Io& io) {
  Arguments arguments(
      "check",
      "Looks for weights that are no numbers and a tokenizer that does not "
      "fit, runs a short prompt, and checks what the numbers promise: the last "
      "row is the model's logits, probabilities sum to 1, and neither threads, "
      "instruction set, batch nor cache change a bit. Says what of all that "
      "models may vary is in force. Exits 1 if a check does not hold.");
  CheckFlags flags;
  arguments.Positional("REF", &flags.ref, "the model, as for --model");
  AddModelOptions(arguments, &flags.model);
  AddJsonOption(arguments, &flags.json);
  AddColorOption(arguments, &flags.color);
  arguments.Example("pellucid check model.gguf");
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_RETURN_IF_ERROR(
      TakeReference(arguments, flags.ref, &flags.model.ref));

  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  const Model& model = opened.model;
  PELLUCID_ASSIGN_OR_RETURN(const std::unique_ptr<Output> output,
                            Output::Open(flags.json.value_or("-"), io));
  PELLUCID_ASSIGN_OR_RETURN(const SelfCheckReport found,
                            RunSelfChecks(model, io.stop));
  if (flags.json) {
    render::WriteCheckJson(ReportOf(model, found), render::JsonStyle::kIndented,
                           output->sink());
  } else {
    output->sink()(Table(found, model.info()));
  }
  PELLUCID_RETURN_IF_ERROR(output->Commit());
  return Verdict(found, model.info());
}

}  // namespace pellucid::cli
