// What a correct lens can prove about itself, on the model at hand.
//
// Each check is a promise of docs/numerics.md that the program measures rather
// than asserts: the last row is the model's own logits, probabilities sum to
// 1, KL is not negative, and results depend neither on threads nor on the
// instruction set, the batch or a cache. Before these come the files: weights
// that are no numbers, and a tokenizer that does not fit. Runs one short prompt
// some twenty times.
#ifndef PELLUCID_ANALYSIS_SELF_CHECK_H_
#define PELLUCID_ANALYSIS_SELF_CHECK_H_

#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "pellucid/model.h"
#include "pellucid/result.h"

namespace pellucid {

struct SelfCheck {
  std::string name;  // "last_row_is_logits"
  bool ok = false;   // value <= limit, unless the note says otherwise
  std::optional<double> value;  // what was measured; empty: not applicable
  std::optional<double> limit;
  std::string note;  // what was compared, for people
};

struct SelfCheckReport {
  // What shapes the numbers of this model, (key, value as text): see
  // analysis/in_force.h.
  std::vector<std::pair<std::string, std::string>> in_force;
  std::vector<SelfCheck> checks;

  bool ok() const {
    for (const SelfCheck& check : checks) {
      if (!check.ok) return false;
    }
    return true;
  }
};

// Reads every weight once, opens `model` a second time for the comparison of
// thread counts, and runs the reference loops: a few seconds for 100 million
// weights. While it runs, the process-wide choice of instruction set changes:
// no other thread may run kernels. A check that does not hold is no error;
// where activations are not finite, those that need them are left out.
// kCancelled; kFailed: no memory.
Result<SelfCheckReport> RunSelfChecks(const Model& model,
                                      const std::stop_token& stop = {});

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_SELF_CHECK_H_
