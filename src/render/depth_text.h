// Prediction depth in words: where a token is first the prediction, and from
// where it stays (reference: tuned-lens issue 72; both readings are told,
// because they often differ).
#ifndef PELLUCID_RENDER_DEPTH_TEXT_H_
#define PELLUCID_RENDER_DEPTH_TEXT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "render/lens_report.h"

namespace pellucid::render {

// A depth in blocks; empty: never.
struct Depth {
  std::optional<std::size_t> first_hit;
  std::optional<std::size_t> stable_from;
};

// "<token> is first top-1 at layer 26 and stays from layer 27".
std::string DescribeDepth(const std::string& token, const Depth& depth,
                          std::size_t n_layers);

// The token that the final row predicts at the last listed position, where the
// lens followed it.
std::optional<TokenId> FollowedToken(const Lens& lens);

// One sentence on the followed token and one on each target, at the last
// listed position. A lens without Lens::followed (FollowFinal::kEach) is
// described by the rows it holds, and the sentence says so where blocks are
// missing.
std::vector<std::string> DepthLines(const LensReport& report);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_DEPTH_TEXT_H_
