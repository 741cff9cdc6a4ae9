// Trained lenses that requests may choose, by names that say nothing of where
// they lie: "tuned:my-lens".
#ifndef PELLUCID_SERVER_SERVED_LENS_H_
#define PELLUCID_SERVER_SERVED_LENS_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"
#include "pellucid/trained_lens.h"

namespace pellucid::server {

using TrainedLensPtr = std::shared_ptr<const TrainedLens>;

struct ServedLens {
  std::string name;  // "tuned:my-lens"
  std::string ref;   // what answers call its file: "my-lens"
  TrainedLensPtr lens;
};

// The kind and the last part of each file's path; where two would be called the
// same, the later ones are numbered: "tuned:my-lens (2)".
std::vector<ServedLens> NameLenses(const std::vector<TrainedLensPtr>& lenses);

// "logit", and the names of `lenses`.
std::vector<std::string> LensNames(const std::vector<ServedLens>& lenses);

// Null for "logit". kUsage: there is none of that name.
Result<const ServedLens*> FindLens(const std::vector<ServedLens>& lenses,
                                   std::string_view name);

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_SERVED_LENS_H_
