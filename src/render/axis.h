// One axis of a chart: where a value lies between its ends, and ticks at round
// numbers (steps of 1, 2 or 5 times a power of ten, as Heckbert's "Nice
// numbers for graph labels", 1990).
#ifndef PELLUCID_RENDER_AXIS_H_
#define PELLUCID_RENDER_AXIS_H_

#include <cstddef>
#include <string>
#include <vector>

namespace pellucid::render {

class Axis {
 public:
  struct Tick {
    double value = 0;
    std::string text;
  };
  enum class Labels { kNumbers, kPercent };  // 0.25 is "25%"

  // From `low` to `high`, widened to round numbers; at most `most` ticks + 1.
  // Equal ends get some room.
  static Axis Linear(double low, double high, std::size_t most,
                     Labels labels = Labels::kNumbers);
  // The layers `first`..`last` as they are, -1 being "embed": the first and
  // the last are always labelled.
  static Axis Layers(int first, int last, std::size_t most);
  // Of ranks, logarithmic: 1 at the high end, the low end the power of ten
  // from `highest` up.
  static Axis Ranks(double highest);
  // Logarithmic, from the power of ten below `low` > 0 to the one above `high`.
  static Axis Powers(double low, double high);

  // In [0, 1] for values between the ends; others are clamped.
  double At(double value) const;
  const std::vector<Tick>& ticks() const { return ticks_; }

 private:
  double low_ = 0, high_ = 1;
  bool logarithmic_ = false, ranks_ = false;
  std::vector<Tick> ticks_;
};

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_AXIS_H_
