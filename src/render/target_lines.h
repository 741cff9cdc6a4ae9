// The numbers of a target's figure: one line a token and position, a point a
// layer. Taken from the rows of block outputs (and the embedding row); only
// where a lens has none of them, from all its rows, those of one layer side by
// side.
#ifndef PELLUCID_RENDER_TARGET_LINES_H_
#define PELLUCID_RENDER_TARGET_LINES_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "render/lens_report.h"
#include "render/metric.h"

namespace pellucid::render {

struct TargetLine {
  struct At {
    double layer = 0;  // -1: the embedding row
    double value = 0;  // of the metric
  };
  std::size_t token = 0;     // index among the targets, 0 without any
  std::size_t place = 0;     // index among the positions asked for
  std::size_t position = 0;  // in the input
  std::string name;          // the token in quotes
  std::vector<At> points;    // ascending by layer; NaN left out
  std::optional<std::size_t> first_hit, stable_from;  // as LensTarget
};

// Of each target at each of `positions`, ascending and listed in the lens;
// without targets, of the token that the lens followed. `metric` is prob,
// logprob, logit or rank. kUsage: another one, a position that is not listed.
// kFailed: a lens with neither targets nor a followed token.
Result<std::vector<TargetLine>> TakeTargetLines(
    const LensReport& report, Metric metric,
    std::span<const std::size_t> positions);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_TARGET_LINES_H_
