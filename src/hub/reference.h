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

// The path of a file or folder that exists. kModel: nothing is there, and the
// message says what gets a built-in model or one of a hub; or what is there
// cannot be looked at. `accepted` is what the message offers beside a .gguf
// file and the built-in name.
Result<std::string> ResolveReference(
    const std::string& reference, std::string_view accepted = "a model folder");

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_REFERENCE_H_
