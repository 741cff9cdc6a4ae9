// Where a model reference points. A reference is a path (to a .gguf file or a
// model folder) or a built-in name.
#ifndef PELLUCID_HUB_REFERENCE_H_
#define PELLUCID_HUB_REFERENCE_H_

#include <string>
#include <string_view>

#include "pellucid/result.h"

namespace pellucid::hub {

// The model used where none is named: $PELLUCID_MODEL, else the built-in one.
std::string DefaultReference();

inline constexpr std::string_view kBuiltInModel = "smollm2-135m";

// $PELLUCID_HOME, else ~/.cache/pellucid.
std::string PellucidHome();

// The path of a file or folder that exists. kModel: nothing is there; the
// message says what gets a built-in model.
Result<std::string> ResolveReference(const std::string& reference);

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_REFERENCE_H_
