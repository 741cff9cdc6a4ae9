#include "render/precision_note.h"

#include <fmt/format.h>

namespace pellucid::render {

std::string PrecisionNote(const Lens& lens) {
  if (!lens.error) return "";
  const LensError& error = *lens.error;
  return fmt::format(
      "precision fast: probabilities are up to {:.1e} ({:.1e} on average) from "
      "exact ones, and the top tokens those in {:.4g}% of {} cells compared",
      error.max_abs_prob, error.mean_abs_prob, 100 * error.top_k_equal,
      error.cells);
}

}  // namespace pellucid::render
