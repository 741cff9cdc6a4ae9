// pellucid/version.h - the version of this library, from the build.
//
// It stands in every JSON result, so that numbers can be traced to a program.
#ifndef PELLUCID_VERSION_H_
#define PELLUCID_VERSION_H_

#include <string_view>

#include "pellucid/export.h"

namespace pellucid {

// "MAJOR.MINOR.PATCH", the version that CMakeLists.txt states.
PELLUCID_API std::string_view Version();

}  // namespace pellucid

#endif  // PELLUCID_VERSION_H_
