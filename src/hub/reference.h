// Where a model reference points: the path of a .gguf file or of a model
// folder, a built-in name, or a name on the hub ("org/name", hub_name.h). What
// exists on the disk comes first, and the network last.
#ifndef PELLUCID_HUB_REFERENCE_H_
#define PELLUCID_HUB_REFERENCE_H_

#include <string>
#include <string_view>

#include "hub/model_files.h"
#include "pellucid/hub.h"
#include "pellucid/result.h"

namespace pellucid::hub {

// The model used where none is named: $PELLUCID_MODEL, else the built-in one.
std::string DefaultReference();

inline constexpr std::string_view kBuiltInModel = "smollm2-135m";

// $PELLUCID_HOME, else ~/.cache/pellucid.
std::string PellucidHome();

struct ResolveOptions {
  // What a message offers beside a .gguf file and the built-in name.
  std::string_view accepted = "a model folder";
  Part part = Part::kModel;  // what a name on the hub is to have in the cache
  HubOptions hub = {};
};

// The path of a file or folder that exists. A name on the hub is downloaded
// into its cache unless that has it whole: nothing else uses the network, and
// nobody asks whether there is something newer (PullModel does). kModel:
// nothing is there, and the message says what gets it; or what is there cannot
// be looked at. Besides the errors of PullModel.
Result<std::string> ResolveModel(const std::string& reference,
                                 const ResolveOptions& options = {});

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_REFERENCE_H_
