// Follows the direction of a logit from the final residual state back through
// the blocks, and says on the way what each part added along it.
//
// Most blocks add to a stream that nothing else touches, so the direction stays
// what it is. Where a norm stands on the stream itself (BLOOM's residual from
// the norm, OPT 350M's norm after the sum), it is pulled back through that norm
// with the statistics of the run.
#ifndef PELLUCID_ANALYSIS_ATTRIBUTION_WALK_H_
#define PELLUCID_ANALYSIS_ATTRIBUTION_WALK_H_

#include <span>
#include <vector>

#include "analysis/position_rows.h"
#include "model/arch_spec.h"
#include "model/weights.h"

namespace pellucid {

// What an attention module or an MLP adds along the direction.
struct BranchShare {
  double value = 0;      // of the whole
  double norm_bias = 0;  // of that, the bias of a norm behind the module
  // Along which the module's own output adds: [d_model]. Empty unless asked.
  std::vector<double> direction;
  // How far the norm behind the module, if any, rounded `value`.
  double rounding = 0;
};

struct BlockShare {
  BranchShare attention, mlp;
  double norm_bias = 0;  // of norms on the stream itself
};

struct StreamShares {
  double tokens = 0, positions = 0, embed_norm_bias = 0;
  std::vector<BlockShare> blocks;  // [n_layers]
  double rounding = 0;  // bound of what the run's sums on the stream rounded
};

// The points that FollowBack reads.
void AddStreamPoints(PositionRows& rows);

// The row of what a block's MLP module gives, before a norm of it: [d_model].
std::span<const float> MlpOutput(const Weights& weights,
                                 const PositionRows& rows, std::size_t layer);

// `final_residual` [d_model], what the final norm reads; `direction` [d_model],
// of that.
StreamShares FollowBack(const ArchSpec& spec, const Weights& weights,
                        const PositionRows& rows,
                        std::span<const float> final_residual,
                        std::vector<double> direction, bool keep_directions);

// The sum of products, in float64 by rising index.
double Dot(std::span<const double> direction, std::span<const float> row);

// The same of absolute values.
double DotMagnitude(std::span<const double> direction,
                    std::span<const float> row);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_ATTRIBUTION_WALK_H_
