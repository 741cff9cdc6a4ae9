// Lens statistics computed in float64 outside (tools/goldens/lens_default.py).
// Read once a test; ranks come with the bounds that float32 leaves open.
#ifndef PELLUCID_TESTS_TESTUTIL_LENS_GOLDEN_H_
#define PELLUCID_TESTS_TESTUTIL_LENS_GOLDEN_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "pellucid/tokenizer.h"

namespace pellucid::testutil {

// A token that is followed; its rank lies within the bounds if its logit is off
// by no more than the contract's distance.
struct GoldenRank {
  TokenId id = 0;
  double logprob = 0;
  std::size_t low = 0, high = 0;
};

struct GoldenCell {
  std::size_t position = 0;
  std::vector<TokenId> top_ids;
  std::vector<double> top_logits, top_logprobs;
  double logz = 0, entropy = 0, kl_to_final = 0;
  std::optional<GoldenRank> next;
  GoldenRank target;
};

struct GoldenLensRow {
  std::string site;
  std::vector<GoldenCell> cells;
};

struct GoldenLens {
  std::vector<TokenId> ids;
  TokenId target = 0;
  std::vector<GoldenLensRow> rows;
};

// `path` is relative to tests/golden. A file that does not read is a failure of
// the test, and gives an empty result.
std::vector<GoldenLens> LoadLensGolden(const std::string& path);

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_LENS_GOLDEN_H_
