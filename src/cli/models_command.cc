// `pellucid models`: what is on this machine, and whether it can be opened.
// Reads headers only.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/output.h"
#include "cli/size_text.h"
#include "hub/cached_models.h"
#include "hub/reference.h"
#include "kernels/isa.h"
#include "model/checkpoint.h"
#include "render/display_text.h"
#include "render/models_json.h"

namespace pellucid::cli {
namespace {

using Entry = render::ModelsReport::Entry;

struct ModelsFlags {
  std::optional<std::string> json;
  std::string color = "auto";
};

// What `message` says behind "open: " and the path or file that it names.
std::string InFewWords(std::string_view message, const std::string& path) {
  constexpr std::string_view kOperation = "open: ";
  if (message.starts_with(kOperation)) message.remove_prefix(kOperation.size());
  if (message.starts_with(path)) message.remove_prefix(path.size());
  if (message.starts_with("/")) message.remove_prefix(1);
  if (message.starts_with(": ")) message.remove_prefix(2);
  return std::string(message);
}

// Opens the files and reads the configuration, as far as any reason shows why
// the model cannot run. The tokenizer is left out: a model runs without.
Status Inspect(const std::string& path, Entry* entry) {
  PELLUCID_ASSIGN_OR_RETURN(const Checkpoint checkpoint,
                            Checkpoint::Open(path));
  PELLUCID_ASSIGN_OR_RETURN(const LoadedModel loaded, checkpoint.Load());
  entry->architecture = loaded.spec.architecture;
  entry->format = checkpoint.format();
  return {};
}

Entry EntryOf(const hub::LocalModel& model) {
  Entry entry;
  entry.ref = model.reference;
  entry.revision = model.revision;
  entry.commit = model.commit;
  entry.path = model.path;
  entry.bytes = model.bytes;
  if (model.path.empty()) {
    entry.problem =
        "not whole; get the rest with: pellucid pull " + model.reference;
    return entry;
  }
  const Status opened =
      CatchOutOfMemory("open", [&] { return Inspect(model.path, &entry); });
  if (!opened.ok()) {
    entry.problem = InFewWords(opened.error().message, model.path);
  }
  return entry;
}

// One line a model, cut to the terminal's width.
std::string Table(const render::ModelsReport& report, std::size_t columns) {
  if (report.models.empty()) {
    return fmt::format(
        "no models in {} or {}; get one with: pellucid pull org/name\n",
        report.cache, report.folder);
  }
  std::size_t widest = 0;
  std::vector<std::string> names;
  for (const Entry& entry : report.models) {
    names.push_back(render::DisplayText(entry.ref, render::Spaces::kAsTheyAre));
    widest = std::max(widest, render::DisplayWidth(names.back()));
  }
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Entry& entry = report.models[i];
    const std::string line = fmt::format(
        "{}  {:>8}  {}", render::PadRight(names[i], widest),
        SizeText(entry.bytes),
        entry.ok() ? entry.architecture + ", " + entry.format
                   : "cannot be opened: " +
                         render::DisplayText(entry.problem,
                                             render::Spaces::kAsTheyAre));
    out += (columns == 0 ? line : render::Truncate(line, columns)) + "\n";
  }
  return out;
}

}  // namespace

Status RunModels(Args args, Io& io) {
  Arguments arguments("models",
                      "Lists the models in the hub's cache and in "
                      "$PELLUCID_HOME/models: what opens each, its size, and "
                      "whether it can be opened. Reads headers only.");
  ModelsFlags flags;
  AddJsonOption(arguments, &flags.json);
  AddColorOption(arguments, &flags.color);
  arguments.Example("pellucid models --json -");
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());

  PELLUCID_RETURN_IF_ERROR(kernels::SelectIsaFromEnvironment());
  PELLUCID_RETURN_IF_ERROR(kernels::EnsureIsa());
  const FloatEnvironment environment;
  PELLUCID_ASSIGN_OR_RETURN(const hub::Settings settings,
                            hub::SettingsFromEnvironment());
  PELLUCID_ASSIGN_OR_RETURN(const std::unique_ptr<Output> output,
                            Output::Open(flags.json.value_or("-"), io));
  render::ModelsReport report;
  report.cache = settings.cache;
  report.folder = hub::PellucidHome() + "/models";
  std::vector<hub::LocalModel> models = hub::ModelsInFolder(report.folder);
  std::ranges::move(hub::ModelsInCache(settings), std::back_inserter(models));
  for (const hub::LocalModel& model : models) {
    if (io.stop.stop_requested()) return CancelledError("models: interrupted");
    report.models.push_back(EntryOf(model));
  }
  if (flags.json) {
    render::WriteModelsJson(report, render::JsonStyle::kIndented,
                            output->sink());
  } else {
    output->sink()(Table(report, io.out_terminal.columns));
  }
  return output->Commit();
}

}  // namespace pellucid::cli
