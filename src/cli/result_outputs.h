// Where the result of a command goes whose result is a table: to the terminal,
// as JSON, CSV or a figure, or to several of these.
#ifndef PELLUCID_CLI_RESULT_OUTPUTS_H_
#define PELLUCID_CLI_RESULT_OUTPUTS_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/arguments.h"
#include "cli/heatmap_flags.h"
#include "cli/io.h"
#include "cli/output.h"
#include "cli/page_output.h"
#include "cli/terminal.h"
#include "pellucid/result.h"
#include "render/json_writer.h"
#include "render/page.h"

namespace pellucid::cli {

struct ResultFlags {
  bool table = false;
  std::optional<std::string> json = {}, csv = {};
  // A page; of commands that add its option (AddPageOption).
  std::optional<std::string> html = {};
  HeatmapFlags heatmap = {};
  std::string color = "auto";

  // The table is the default where nothing else is asked for.
  bool WantsTable() const {
    return table || !(json || csv || html || heatmap.plot);
  }
};

// --table, --json, --csv, --color and those of AddHeatmapFlags.
void AddResultFlags(Arguments& arguments, ResultFlags* flags,
                    PlotKind kind = PlotKind::kMatrix);

// kUsage: two results go to one place.
Status CheckResultFlags(const Arguments& arguments, const ResultFlags& flags);

// One result in each form; only what is asked for is called.
struct ResultForms {
  std::function<void(const render::TextSink& sink)> json;
  std::function<std::string()> csv;
  std::function<std::string(std::size_t width, render::ColorMode color)> table;
  std::function<Result<render::Page>()> page;
  // Writes the value "report" of the page's data.
  std::function<void(render::JsonWriter& json)> html = {};
};

// The outputs that are asked for, opened before the work begins.
class ResultOutputs {
 public:
  // `kind`: of the page.
  static Result<ResultOutputs> Open(const ResultFlags& flags,
                                    std::string_view kind, Io& io);

  // kUsage, kFailed: the figure cannot be drawn, an output not be written.
  Status Write(const ResultForms& forms, const HeatmapPlan& plan, const Io& io);

 private:
  std::unique_ptr<Output> table_, json_, csv_, plot_;  // null: not asked for
  std::unique_ptr<PageOutput> html_;
  ColorChoice color_ = ColorChoice::kAuto;
};

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_RESULT_OUTPUTS_H_
