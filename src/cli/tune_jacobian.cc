// `pellucid tune jacobian`: fits a Jacobian lens.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/quote.h"
#include "cli/common_options.h"
#include "cli/documents.h"
#include "cli/new_folder.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/tune_jacobian.h"
#include "pellucid/jacobian_lens.h"
#include "render/tune_json.h"

namespace pellucid::cli {
namespace {

constexpr std::size_t kMaxCount = std::size_t{1} << 40;

struct JacobianFlags {
  ModelOptions model;
  TextFlags text = {.window = 128, .skip_first = 4};
  std::size_t prompts = 100, copies = 16;
  std::optional<std::string> out, json;
  bool resume = false;
  std::string color = "auto";
};

void AddJacobianFlags(Arguments& arguments, JacobianFlags* flags) {
  AddTextFlags(arguments, &flags->text);
  arguments.Number("--prompts", "N", 1, kMaxCount, &flags->prompts,
                   "windows of the text that are used, at even distances; "
                   "default: 100");
  arguments.Number(
      "--copies", "N", 1, kMaxCount, &flags->copies,
      "gradients that are taken at once, each of which needs room; "
      "changes no bit; default: 16");
  arguments.Text("--out", "DIR", &flags->out,
                 "the folder to write: lens.safetensors; required");
  arguments.Flag("--resume", &flags->resume,
                 "go on with an interrupted fit of the same text and options, "
                 "from the checkpoint that it left in DIR");
  AddJsonOption(arguments, &flags->json);
  AddModelOptions(arguments, &flags->model);
  AddColorOption(arguments, &flags->color);
  arguments.Example(
      "pellucid tune jacobian --text corpus.txt --prompts 8 --out my-lens");
  arguments.Example(
      "pellucid lens --lens jacobian:my-lens \"The capital of France is\"");
}

double MeanOf(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// `count` windows at even distances; all, where there are fewer.
std::vector<std::vector<TokenId>> Spread(
    std::vector<std::vector<TokenId>> windows, std::size_t count) {
  if (windows.size() <= count) return windows;
  std::vector<std::vector<TokenId>> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(std::move(windows[i * windows.size() / count]));
  }
  return out;
}

std::string Table(const JacobianFit& fit) {
  std::string out = "standard error of each map, as a share of it\n";
  for (std::size_t map = 0; map < fit.lens.translators.size(); ++map) {
    const double error = fit.standard_error[map];
    out += fmt::format(
        "{:>8}  {}\n",
        std::isfinite(error) ? fmt::format("{:.1f}%", 100 * error) : "-",
        fit.lens.translators[map].site);
  }
  return out;
}

}  // namespace

Status RunTuneJacobian(Args args, Io& io) {
  Arguments arguments(
      "tune jacobian",
      "Fits a Jacobian lens: for each block's output but the last the mean "
      "effect, to first order, on the final state, over windows of a text.");
  JacobianFlags flags;
  AddJacobianFlags(arguments, &flags);
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_RETURN_IF_ERROR(RequireText(arguments, flags.text));
  if (!flags.out) {
    return arguments.Problem("--out", "is missing; name a folder to write");
  }
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  PELLUCID_ASSIGN_OR_RETURN(
      WindowedText text, ReadWindows(arguments, flags.text, opened.model, io));
  // What is left of a text at its end may be too short.
  std::erase_if(text.windows, [&](const std::vector<TokenId>& window) {
    return window.size() <= flags.text.skip_first;
  });
  const auto prompts = Spread(std::move(text.windows), flags.prompts);
  PELLUCID_ASSIGN_OR_RETURN(NewFolder folder, NewFolder::Make(*flags.out));
  std::unique_ptr<Output> json;
  if (flags.json) {
    PELLUCID_ASSIGN_OR_RETURN(json, Output::Open(*flags.json, io));
  }
  JacobianOptions options{.skip_first = flags.text.skip_first,
                          .copies = flags.copies,
                          .checkpoint = folder / "checkpoint.safetensors",
                          .resume = flags.resume,
                          .stop = io.stop};
  const Result<JacobianFit> fit = [&] {
    ProgressLine progress(io, "tune jacobian");
    options.progress = progress.callback();
    options.report = [&](std::size_t done, std::span<const double> error) {
      std::string note = fmt::format("{} of {} prompts", done, prompts.size());
      if (!error.empty()) {
        note += fmt::format(", standard error {:.1f}%", 100 * MeanOf(error));
      }
      progress.SetNote(std::move(note));
    };
    return FitJacobianLens(opened.model, prompts, options);
  }();
  if (!fit.ok()) return fit.error();
  const std::string path = folder / "lens.safetensors";
  PELLUCID_RETURN_IF_ERROR(WriteTrainedLens(path, fit->lens, opened.model));
  folder.Keep();
  std::error_code ignored;
  std::filesystem::remove(options.checkpoint, ignored);
  if (json) {
    render::WriteTuneJson(fit->lens, path, {{}, {}}, opened.model.info(),
                          RunInfoOf(opened, std::nullopt), json->sink());
    PELLUCID_RETURN_IF_ERROR(json->Commit());
    if (*flags.json == "-") return {};
  }
  return io.out.Write(
      Table(*fit) + fmt::format("{}: {} maps from {} prompts\n", Quote(path),
                                fit->lens.translators.size(), prompts.size()));
}

}  // namespace pellucid::cli
