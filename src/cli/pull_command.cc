// `pellucid pull`: fetches a model from the hub, or what has changed of it.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/quote.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/download_line.h"
#include "cli/output.h"
#include "cli/size_text.h"
#include "hub/pull.h"
#include "render/pull_json.h"

namespace pellucid::cli {
namespace {

struct PullFlags {
  std::optional<std::string> ref, revision, json;
  std::string color = "auto";
};

// The name that the arguments give.
Result<hub::HubName> NameOf(const Arguments& arguments,
                            const PullFlags& flags) {
  if (!flags.ref) {
    return arguments.Problem("REF",
                             "there is none; give a name on the hub, "
                             "org/name");
  }
  auto name = hub::ParseHubName(*flags.ref);
  if (!name) {
    return arguments.Problem("REF",
                             fmt::format("\"{}\" is no name on the hub; give "
                                         "org/name[@revision][:FILE.gguf]",
                                         Quote(*flags.ref)));
  }
  if (!flags.revision) return *name;
  if (flags.ref->find('@') != std::string::npos) {
    return arguments.Problem("--revision",
                             "the revision is given twice; give it once");
  }
  if (!hub::IsRevision(*flags.revision)) {
    return arguments.Problem(
        "--revision", fmt::format("\"{}\" is no branch, tag or commit; give "
                                  "one",
                                  Quote(*flags.revision)));
  }
  name->revision = *flags.revision;
  return *name;
}

render::PullReport ReportOf(const PullFlags& flags, const hub::HubName& name,
                            const hub::PulledModel& pulled) {
  render::PullReport report;
  report.ref = *flags.ref;
  report.repo = name.repo;
  report.revision = name.revision;
  report.commit = pulled.commit;
  report.path = pulled.path;
  report.is_current = pulled.is_current;
  for (const hub::PulledFile& file : pulled.files) {
    report.files.push_back({file.name, file.bytes, file.downloaded});
  }
  return report;
}

// What is there, then where.
std::string ForPeople(const render::PullReport& report,
                      const hub::HubName& name) {
  std::uint64_t bytes = 0, came = 0;
  for (const render::PullReport::File& file : report.files) {
    bytes += file.bytes;
    if (file.downloaded) came += file.bytes;
  }
  const std::string state =
      report.is_current
          ? fmt::format("{} {}, {}, {} of it downloaded now",
                        report.files.size(),
                        report.files.size() == 1 ? "file" : "files",
                        SizeText(bytes), SizeText(came))
          : "as it is in the cache; the hub was not asked, or did not answer";
  return fmt::format("{} at commit {}: {}\n{}\n", name.Text(), report.commit,
                     state, report.path);
}

}  // namespace

Status RunPull(Args args, Io& io) {
  Arguments arguments("pull",
                      "Fetches a model from the Hugging Face hub into its "
                      "cache, which other programs share, or what has changed "
                      "of it since. Only the files that are read come; what "
                      "broke off goes on.");
  PullFlags flags;
  arguments.Positional("REF", &flags.ref,
                       "the model's name on the hub: "
                       "org/name[@revision][:FILE.gguf]");
  arguments.Text("--revision", "R", &flags.revision,
                 "a branch, tag or commit; default: main");
  AddJsonOption(arguments, &flags.json);
  AddColorOption(arguments, &flags.color);
  arguments.Example("pellucid pull HuggingFaceTB/SmolLM2-135M");
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_ASSIGN_OR_RETURN(const hub::HubName name, NameOf(arguments, flags));

  PELLUCID_ASSIGN_OR_RETURN(const hub::Settings settings,
                            hub::SettingsFromEnvironment());
  PELLUCID_ASSIGN_OR_RETURN(const std::unique_ptr<Output> output,
                            Output::Open(flags.json.value_or("-"), io));
  std::optional<DownloadLine> line(std::in_place, io, name.Text());
  PELLUCID_ASSIGN_OR_RETURN(
      const hub::PulledModel pulled,
      hub::PullModel(name, hub::Part::kModel, settings, line->options()));
  line.reset();
  const render::PullReport report = ReportOf(flags, name, pulled);
  if (flags.json) {
    render::WritePullJson(report, render::JsonStyle::kIndented, output->sink());
  } else {
    output->sink()(ForPeople(report, name));
  }
  return output->Commit();
}

}  // namespace pellucid::cli
