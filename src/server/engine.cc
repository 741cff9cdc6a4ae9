#include "server/engine.h"

#include <utility>

#include "kernels/isa.h"

namespace pellucid::server {

render::RunInfo RunInfoOf(const ServedModel& served,
                          std::optional<std::string> text, std::size_t edits) {
  render::RunInfo info;
  info.isa = kernels::NameOf(kernels::CurrentIsa());
  info.threads = served.model.threads();
  info.load_ms = served.load_ms;
  info.input_text = std::move(text);
  info.edits = edits;
  return info;
}

}  // namespace pellucid::server
