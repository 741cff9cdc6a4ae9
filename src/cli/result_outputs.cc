#include "cli/result_outputs.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/quote.h"
#include "cli/common_options.h"

namespace pellucid::cli {

void AddResultFlags(Arguments& arguments, ResultFlags* flags, PlotKind kind) {
  arguments.Flag("--table", &flags->table,
                 "print the table; default where nothing else is asked for");
  AddJsonOption(arguments, &flags->json);
  arguments.Text("--csv", "FILE|-", &flags->csv, "write one line a number");
  AddHeatmapFlags(arguments, &flags->heatmap, kind);
  AddColorOption(arguments, &flags->color);
}

Status CheckResultFlags(const Arguments& arguments, const ResultFlags& flags) {
  std::vector<std::pair<std::string, std::string>> all;
  if (flags.table) all.emplace_back("--table", "-");
  if (flags.json) all.emplace_back("--json", *flags.json);
  if (flags.csv) all.emplace_back("--csv", *flags.csv);
  if (flags.html) all.emplace_back("--html", *flags.html);
  if (flags.heatmap.plot) all.emplace_back("--plot", *flags.heatmap.plot);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (all[i].second != all[j].second) continue;
      const std::string where =
          all[i].second == "-" ? "standard output" : Quote(all[i].second);
      return arguments.Problem(
          all[i].first, fmt::format("goes to {}, as {} does; write one of "
                                    "them elsewhere",
                                    where, all[j].first));
    }
  }
  return {};
}

Result<ResultOutputs> ResultOutputs::Open(const ResultFlags& flags,
                                          std::string_view kind, Io& io) {
  ResultOutputs outputs;
  outputs.color_ =
      ColorChoiceFromName(flags.color).value_or(ColorChoice::kAuto);
  const auto open = [&io](const std::optional<std::string>& path,
                          std::unique_ptr<Output>* to) -> Status {
    if (!path) return {};
    PELLUCID_ASSIGN_OR_RETURN(*to, Output::Open(*path, io));
    return {};
  };
  PELLUCID_RETURN_IF_ERROR(open(flags.json, &outputs.json_));
  PELLUCID_RETURN_IF_ERROR(open(flags.csv, &outputs.csv_));
  PELLUCID_RETURN_IF_ERROR(open(flags.heatmap.plot, &outputs.plot_));
  if (flags.html) {
    PELLUCID_ASSIGN_OR_RETURN(outputs.html_,
                              PageOutput::Open(*flags.html, kind, io));
  }
  if (flags.WantsTable()) {
    PELLUCID_RETURN_IF_ERROR(open("-", &outputs.table_));
  }
  return outputs;
}

Status ResultOutputs::Write(const ResultForms& forms, const HeatmapPlan& plan,
                            const Io& io) {
  if (json_) forms.json(json_->sink());
  if (csv_) csv_->sink()(forms.csv());
  if (plot_) {
    PELLUCID_ASSIGN_OR_RETURN(const render::Page page, forms.page());
    PELLUCID_ASSIGN_OR_RETURN(
        const std::string file,
        render::WriteFigure(page, plan.format, plan.scale));
    plot_->sink()(file);
  }
  if (table_) {
    const Terminal& terminal = io.out_terminal;
    table_->sink()(forms.table(terminal.is_terminal ? terminal.columns : 0,
                               ColorsFor(color_, terminal)));
  }
  for (Output* output : {json_.get(), csv_.get(), plot_.get(), table_.get()}) {
    if (output != nullptr) PELLUCID_RETURN_IF_ERROR(output->Commit());
  }
  if (html_) {
    html_->data().Key("report");
    forms.html(html_->data());
    PELLUCID_RETURN_IF_ERROR(html_->Commit(io));
  }
  return {};
}

}  // namespace pellucid::cli
