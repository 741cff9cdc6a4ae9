// Goldens of patching and causal tracing: grids of numbers, and the noise that
// they were made with. Made by tools/goldens/patch.py.
#ifndef PELLUCID_TESTS_TESTUTIL_PATCH_GOLDEN_H_
#define PELLUCID_TESTS_TESTUTIL_PATCH_GOLDEN_H_

#include <map>
#include <string>
#include <vector>

#include "pellucid/tensor.h"
#include "pellucid/tokenizer.h"

namespace pellucid::testutil {

using GoldenGrid = std::vector<std::vector<double>>;

struct PatchGolden {
  std::string folder;  // of the model, below tests/golden
  std::vector<TokenId> clean, corrupt;
  TokenId answer = 0, foil = 0;
  double clean_difference = 0, corrupt_difference = 0;
  std::map<std::string, GoldenGrid> by_position, by_head;  // by site
  std::vector<std::size_t> subject;
  Tensor noise;  // [samples, subject, d_model]
  double trace_corrupt = 0;
  GoldenGrid trace_values;
};

// tests/golden/patch/NAME.json. A file that does not read so is a failure of
// the test.
PatchGolden LoadPatchGolden(const std::string& name);

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_PATCH_GOLDEN_H_
