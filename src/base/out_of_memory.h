// Turns running out of memory into an error value: the one exception that the
// standard library throws at us for want of a machine, not for bad input.
#ifndef PELLUCID_BASE_OUT_OF_MEMORY_H_
#define PELLUCID_BASE_OUT_OF_MEMORY_H_

#include <new>
#include <string>
#include <string_view>

#include "pellucid/result.h"

namespace pellucid {

// The result of work(), a Result or Status; kFailed if it runs out of memory.
// `operation` begins the message: "run".
template <typename Work>
auto CatchOutOfMemory(std::string_view operation, const Work& work)
    -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return FailedError(std::string(operation) +
                       ": memory: there is not enough; shorten the prompt or "
                       "ask for fewer sites, positions or top-k");
  }
}

}  // namespace pellucid

#endif  // PELLUCID_BASE_OUT_OF_MEMORY_H_
