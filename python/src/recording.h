// What a run recorded, whose tensors become arrays one by one as they are asked
// for: a trace holds hundreds, of which most programs read a few.
#ifndef PELLUCID_PYTHON_SRC_RECORDING_H_
#define PELLUCID_PYTHON_SRC_RECORDING_H_

#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "errors.h"
#include "pellucid/trace.h"

namespace pellucid::python {

class Recording {
 public:
  explicit Recording(Trace trace) : trace_(std::move(trace)) {}

  const std::vector<TokenId>& ids() const { return trace_.ids; }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : trace_.sites) names.push_back(name);
    return names;
  }

  // Moves the numbers out, so that nothing is copied.
  nb::object Take(const std::string& name) {
    const auto found = trace_.sites.find(name);
    if (found == trace_.sites.end()) {
      Raise(Exception::kUnknownSite, "trace: " + name + ": is not recorded");
    }
    Tensor tensor = std::move(found->second);
    trace_.sites.erase(found);
    return Own(std::move(tensor));
  }

  nb::object TakeLastLogits() {
    std::vector<float> logits = std::move(trace_.last_logits);
    trace_.last_logits.clear();
    const std::size_t size = logits.size();
    return Own(std::move(logits), {size});
  }

 private:
  Trace trace_;
};

}  // namespace pellucid::python

#endif  // PELLUCID_PYTHON_SRC_RECORDING_H_
