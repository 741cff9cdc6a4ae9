#include "server/task.h"

#include <fmt/format.h>

namespace pellucid::server {

ApiError BusyError() {
  return {503,
          "busy",
          "serve: queue: too many requests wait already; try again soon",
          {{"Retry-After", "2"}}};
}

ApiError TimeoutError(std::chrono::seconds limit) {
  return {504, "timeout",
          fmt::format("serve: request: ran for more than {} s; shorten the "
                      "prompt, or start with a longer --time-limit",
                      limit.count())};
}

}  // namespace pellucid::server
