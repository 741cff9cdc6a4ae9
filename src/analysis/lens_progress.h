// One share of a run that is done, of work that comes in stages: each is told
// beforehand what it costs, so that the whole rises steadily.
#ifndef PELLUCID_ANALYSIS_LENS_PROGRESS_H_
#define PELLUCID_ANALYSIS_LENS_PROGRESS_H_

#include <utility>

#include "pellucid/trace.h"  // Progress

namespace pellucid {

class StagedProgress {
 public:
  // `total` > 0: the costs of all stages together, in any unit. `progress` may
  // be empty.
  StagedProgress(Progress progress, double total)
      : progress_(std::move(progress)), total_(total) {}

  // For the next stage, of that cost. Lives as long as *this; not to be called
  // once the stage after it has begun.
  Progress Next(double cost) {
    const double begin = begun_ / total_, share = cost / total_;
    begun_ += cost;
    if (!progress_) return {};
    return
        [this, begin, share](double done) { progress_(begin + share * done); };
  }

 private:
  Progress progress_;
  double total_;
  double begun_ = 0;  // costs of the stages that have begun
};

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_LENS_PROGRESS_H_
