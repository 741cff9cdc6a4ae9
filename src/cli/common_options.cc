#include "cli/common_options.h"

#include <fmt/format.h>

#include <utility>

#include "base/quote.h"
#include "cli/download_line.h"
#include "hub/reference.h"
#include "kernels/isa.h"

namespace pellucid::cli {

Status TakeReference(const Arguments& arguments,
                     const std::optional<std::string>& positional,
                     std::optional<std::string>* ref) {
  if (!positional) return {};
  if (*ref) {
    return arguments.Problem("--model",
                             fmt::format("the model is given twice, {} and {}; "
                                         "give it once",
                                         Quote(*positional), Quote(**ref)));
  }
  *ref = positional;
  return {};
}

void AddModelOptions(Arguments& arguments, ModelOptions* options) {
  arguments.Text(
      "-m,--model", "REF", &options->ref,
      "the model: a folder in Hugging Face layout, a .gguf file, a built-in "
      "name, or a name on the hub, org/name[@revision][:FILE.gguf]; default: "
      "$PELLUCID_MODEL, else smollm2-135m");
  arguments.Number("--threads", "N", 1, kMaxThreads, &options->threads,
                   "threads, 1 to 1024; results do not depend on it; default: "
                   "the cores this process may use");
}

void AddColorOption(Arguments& arguments, std::string* color) {
  arguments.Choice("--color", {"auto", "never", "always"}, color,
                   "colours on standard output; default: auto, on a terminal "
                   "without NO_COLOR");
}

void AddJsonOption(Arguments& arguments, std::optional<std::string>* json) {
  arguments.Text("--json", "FILE|-", json,
                 "write the result as JSON (-: to standard output)");
}

Result<OpenedModel> OpenModel(const ModelOptions& options, Io& io) {
  PELLUCID_RETURN_IF_ERROR(kernels::SelectIsaFromEnvironment());
  const std::string ref = options.ref.value_or(hub::DefaultReference());
  DownloadLine line(io, ref);
  const auto start = std::chrono::steady_clock::now();
  PELLUCID_ASSIGN_OR_RETURN(
      Model model,
      Model::Open(ref, {.threads = options.threads, .hub = line.options()}));
  // A download is no part of opening.
  return OpenedModel{std::move(model),
                     MillisecondsSince(line.last().value_or(start))};
}

render::RunInfo RunInfoOf(const OpenedModel& opened,
                          std::optional<std::string> input_text) {
  render::RunInfo info;
  info.isa = kernels::NameOf(kernels::CurrentIsa());
  info.threads = opened.model.threads();
  info.load_ms = opened.load_ms;
  info.input_text = std::move(input_text);
  return info;
}

double MillisecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now() - start)
      .count();
}

}  // namespace pellucid::cli
