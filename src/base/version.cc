#include "pellucid/version.h"

namespace pellucid {

std::string_view Version() { return PELLUCID_VERSION; }

}  // namespace pellucid
