// What `depth` and `tune eval` have in common: a lens is measured over a text,
// beside the logit lens.
#ifndef PELLUCID_CLI_MEASUREMENT_H_
#define PELLUCID_CLI_MEASUREMENT_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/common_options.h"
#include "cli/documents.h"
#include "cli/lens_choice.h"
#include "cli/result_outputs.h"
#include "pellucid/trained_lens.h"

namespace pellucid::cli {

struct MeasurementFlags {
  ModelOptions model = {};
  TextFlags text = {};
  std::optional<std::string> lens = {};
  ResultFlags result = {};
};

void AddMeasurementFlags(Arguments& arguments, MeasurementFlags* flags);

// All that a measurement needs, and where its result goes.
struct Measurement {
  LensChoice choice;
  HeatmapPlan plan;
  OpenedModel opened;
  std::shared_ptr<const TrainedLens> lens;  // null: the logit lens alone
  WindowedText text;
  ResultOutputs outputs;
};

// Checks all flags before it opens anything. `command`: names the outputs.
Result<Measurement> OpenMeasurement(const Arguments& arguments,
                                    const MeasurementFlags& flags,
                                    std::string_view command, Io& io);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_MEASUREMENT_H_
