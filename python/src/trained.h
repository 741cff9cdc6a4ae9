// A trained lens as Python holds it: a handle on what the library shares, so
// that handing it to a run copies nothing.
#ifndef PELLUCID_PYTHON_SRC_TRAINED_H_
#define PELLUCID_PYTHON_SRC_TRAINED_H_

#include <memory>

#include "pellucid/trained_lens.h"

namespace pellucid::python {

struct Trained {
  std::shared_ptr<const TrainedLens> lens;  // never null
};

// What runs are given; null: the logit lens.
inline std::shared_ptr<const TrainedLens> LensOf(const Trained* trained) {
  return trained == nullptr ? nullptr : trained->lens;
}

}  // namespace pellucid::python

#endif  // PELLUCID_PYTHON_SRC_TRAINED_H_
