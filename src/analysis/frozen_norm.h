// A norm as the affine map that it is once its statistics are those of one row:
// y = (x - mean) * scale * weight + bias (LayerNorm), y = x * scale * weight
// (RMSNorm). Direct logit attribution follows a direction back through it.
#ifndef PELLUCID_ANALYSIS_FROZEN_NORM_H_
#define PELLUCID_ANALYSIS_FROZEN_NORM_H_

#include <span>
#include <vector>

#include "model/arch_spec.h"
#include "model/weights.h"

namespace pellucid {

class FrozenNorm {
 public:
  // Of `row` [features], what the run gave to the norm. Weights that are empty
  // make it the identity. Statistics are float64. Refers to all three, which
  // must outlive it.
  FrozenNorm(const ArchSpec& spec, const NormWeights& weights,
             std::span<const float> row);

  double scale() const { return scale_; }  // 1 where there is no norm

  // Of a direction g of the output, the direction of the input along which the
  // output's <g, y> grows alike: in place. Returns <g, bias>.
  double PullBack(std::vector<double>& direction) const;

  // At most by how much <g, y> of the run's float32 output is off.
  double Rounding(std::span<const double> direction) const;

 private:
  bool HasMean() const { return spec_.norm == NormKind::kLayer; }

  const ArchSpec& spec_;
  const NormWeights& weights_;
  std::span<const float> row_;
  double mean_ = 0;            // 0 of RMSNorm
  double mean_magnitude_ = 0;  // of |x|
  double scale_ = 1;
};

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_FROZEN_NORM_H_
