#include "render/precision_note.h"

#include <gtest/gtest.h>

namespace pellucid::render {
namespace {

TEST(PrecisionNoteTest, TellsTheErrorOfAFastLensAlone) {
  Lens lens;
  EXPECT_EQ(PrecisionNote(lens), "");
  lens.error = {.cells = 62,
                .max_abs_prob = 3.21e-5,
                .mean_abs_prob = 4e-7,
                .max_abs_logz = 1e-4,
                .top_k_equal = 0.984375};
  EXPECT_EQ(PrecisionNote(lens),
            "precision fast: probabilities are up to 3.2e-05 (4.0e-07 on "
            "average) from exact ones, and the top tokens those in 98.44% of "
            "62 cells compared");
}

}  // namespace
}  // namespace pellucid::render
