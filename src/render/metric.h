// What shades a cell of a lens: one number of the cell, and the scale that
// turns it into a colour.
#ifndef PELLUCID_RENDER_METRIC_H_
#define PELLUCID_RENDER_METRIC_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/lens.h"
#include "render/token_texts.h"

namespace pellucid::render {

// Of the cell's top-1 token; with targets, of the first one. kRank without
// targets: of the final row's top-1 of the same position, for which the lens
// must be computed with FollowFinal::kEach. kEntropy and kKl are of the cell.
enum class Metric { kProb, kLogprob, kLogit, kRank, kEntropy, kKl };

// "prob", "logprob", "logit", "rank", "entropy", "kl". kUsage: another name.
Result<Metric> ParseMetric(std::string_view name);

// The metric of one cell; empty where the lens does not hold it or it is NaN.
std::optional<double> MetricValue(const Lens& lens, const LensCell& cell,
                                  Metric metric);

// The number in a few characters, for a cell: "77%", "-0.26", "17.4", "12".
std::string MetricText(Metric metric, double value);

// What is shaded, with its unit, as a legend says it: "probability of each
// cell's top-1 token".
std::string MetricCaption(const Lens& lens, Metric metric,
                          const TokenTexts& texts);

// From values to [0, 1]: 1 is the bright end. Values beyond the limits are
// clamped.
//   prob     0 .. 1                  logprob  -10 .. 0 nats
//   logit    5th to 95th percentile of the shown cells (as in nostalgebraist's
//            plots: the embedding row's are often ten times the others')
//   rank     2000 .. 1, logarithmic: 1 is brightest
//   entropy  0 .. ln(vocabulary)     kl  0 .. 95th percentile
class MetricScale {
 public:
  struct Tick {
    double at = 0;  // place on the scale, in [0, 1]
    std::string text;
  };

  MetricScale(const Lens& lens, Metric metric, std::size_t vocab_size);

  double Shade(double value) const;
  // Labels of a colour bar, from the dark to the bright end. The ends carry a
  // sign (U+2264, U+2265) where values beyond them are clamped.
  std::vector<Tick> Ticks() const;

 private:
  std::string Label(double value) const;

  Metric metric_;
  double low_ = 0, high_ = 1;
  bool clamps_low_ = false, clamps_high_ = false;
};

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_METRIC_H_
