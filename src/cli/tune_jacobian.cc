// `pellucid tune jacobian`: fits a Jacobian lens.
#include <fmt/format.h>

#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/lens_fit.h"
#include "cli/progress.h"
#include "cli/tune_jacobian.h"
#include "pellucid/jacobian_lens.h"

namespace pellucid::cli {
namespace {

constexpr std::size_t kMaxCount = std::size_t{1} << 40;

struct JacobianFlags {
  LensFitFlags fit = {.text = {.window = 128, .skip_first = 4}};
  std::size_t prompts = 100, copies = 16;
};

void AddJacobianFlags(Arguments& arguments, JacobianFlags* flags) {
  arguments.Number("--prompts", "N", 1, kMaxCount, &flags->prompts,
                   "windows of the text that are used, at even distances; "
                   "default: 100");
  arguments.Number(
      "--copies", "N", 1, kMaxCount, &flags->copies,
      "gradients that are taken at once, each of which needs room; "
      "changes no bit; default: 16");
  AddLensFitFlags(arguments, &flags->fit);
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
  PELLUCID_ASSIGN_OR_RETURN(LensFit to,
                            LensFit::Open(arguments, flags.fit, io));
  const std::size_t skip_first = flags.fit.text.skip_first;
  // What is left of a text at its end may be too short.
  std::vector<std::vector<TokenId>> windows = to.text().windows;
  std::erase_if(windows, [&](const std::vector<TokenId>& window) {
    return window.size() <= skip_first;
  });
  const auto prompts = Spread(std::move(windows), flags.prompts);
  JacobianOptions options{.skip_first = skip_first,
                          .copies = flags.copies,
                          .checkpoint = to.checkpoint(),
                          .resume = flags.fit.resume,
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
    return FitJacobianLens(to.model(), prompts, options);
  }();
  if (!fit.ok()) return fit.error();
  return to.Write(fit->lens, {{}, {}}, Table(*fit),
                  fmt::format("{} prompts", prompts.size()), io);
}

}  // namespace pellucid::cli
