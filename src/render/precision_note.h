// What a lens at LensPrecision::kFast says of its own accuracy: a sentence that
// stands below tables. The numbers are in the JSON too (render/lens_json.h).
#ifndef PELLUCID_RENDER_PRECISION_NOTE_H_
#define PELLUCID_RENDER_PRECISION_NOTE_H_

#include <string>

#include "pellucid/lens.h"

namespace pellucid::render {

// Empty for an exact lens.
std::string PrecisionNote(const Lens& lens);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_PRECISION_NOTE_H_
