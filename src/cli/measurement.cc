#include "cli/measurement.h"

#include <utility>

namespace pellucid::cli {

void AddMeasurementFlags(Arguments& arguments, MeasurementFlags* flags) {
  AddLensOption(arguments, &flags->lens);
  AddTextFlags(arguments, &flags->text);
  AddResultFlags(arguments, &flags->result, PlotKind::kLines);
  AddModelOptions(arguments, &flags->model);
}

Result<Measurement> OpenMeasurement(const Arguments& arguments,
                                    const MeasurementFlags& flags,
                                    std::string_view command, Io& io) {
  PELLUCID_RETURN_IF_ERROR(RequireText(arguments, flags.text));
  PELLUCID_RETURN_IF_ERROR(CheckResultFlags(arguments, flags.result));
  PELLUCID_ASSIGN_OR_RETURN(LensChoice choice,
                            ParseLensChoice(arguments, flags.lens));
  PELLUCID_ASSIGN_OR_RETURN(HeatmapPlan plan,
                            PlanHeatmap(arguments, flags.result.heatmap));
  PELLUCID_ASSIGN_OR_RETURN(OpenedModel opened, OpenModel(flags.model, io));
  PELLUCID_ASSIGN_OR_RETURN(auto lens, ReadLensChoice(choice, opened.model));
  PELLUCID_ASSIGN_OR_RETURN(
      WindowedText text, ReadWindows(arguments, flags.text, opened.model, io));
  PELLUCID_ASSIGN_OR_RETURN(ResultOutputs outputs,
                            ResultOutputs::Open(flags.result, command, io));
  return Measurement{std::move(choice), std::move(plan), std::move(opened),
                     std::move(lens),   std::move(text), std::move(outputs)};
}

}  // namespace pellucid::cli
