// Two lenses of one prompt side by side, for a terminal: of each position a
// table with a line a row, and for each lens its top-1 token, how probable it
// is, how far the row is from the model's output, and how it ranks the token
// that the model itself predicts there.
#ifndef PELLUCID_RENDER_LENS_COMPARISON_H_
#define PELLUCID_RENDER_LENS_COMPARISON_H_

#include <string>

#include "render/lens_report.h"

namespace pellucid::render {

// "logit", "tuned:FILE".
std::string LensName(const Lens& lens);

// Lines ending in '\n'. Of `report` both lens and compared, which is not null;
// both computed with FollowFinal::kEach at the same positions. Rows that only
// one of them has are blank in the other. With targets, ranks are of the first.
std::string LensComparison(const LensReport& report);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_LENS_COMPARISON_H_
