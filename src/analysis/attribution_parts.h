// An attention module's share of a logit as that of its heads, an MLP's as that
// of its neurons.
#ifndef PELLUCID_ANALYSIS_ATTRIBUTION_PARTS_H_
#define PELLUCID_ANALYSIS_ATTRIBUTION_PARTS_H_

#include <cstddef>
#include <optional>
#include <stop_token>
#include <vector>

#include "analysis/attribution_walk.h"
#include "analysis/position_rows.h"
#include "model/forward.h"

namespace pellucid {

// Points that are read beside those of the walk.
void AddHeadPoints(PositionRows& rows);
void AddNeuronPoints(PositionRows& rows);

// The heads of a block.
struct HeadParts {
  std::vector<double> heads;  // [n_heads]
  double bias = 0;            // of output projection and of a norm behind it
  double rounding = 0;        // bound of what the run rounded
};

HeadParts SplitHeads(const ForwardContext& model, const PositionRows& rows,
                     std::size_t layer, const BranchShare& share,
                     const std::stop_token& stop);

// One neuron of a block.
struct NeuronPart {
  std::size_t layer = 0, neuron = 0;
  std::optional<std::size_t> expert;  // ExpertsSpec::n_experts: the one that
                                      // sees every token
  double value = 0;

  // Greater either way; of equal ones the one that comes first.
  friend bool operator<(const NeuronPart& a, const NeuronPart& b);
};

struct NeuronParts {
  std::vector<NeuronPart> top;  // the `most` greatest, the greatest first
  std::size_t neurons = 0;      // of the block; of a mixture those that ran
  double sum = 0;               // of all these
  double bias = 0;
  double rounding = 0;
};

// Of a mixture, the experts that the run chose: their hidden states, which the
// run does not show, are computed once more by the same kernels.
NeuronParts SplitNeurons(const ForwardContext& model, const PositionRows& rows,
                         std::size_t layer, const BranchShare& share,
                         std::size_t most, const std::stop_token& stop);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_ATTRIBUTION_PARTS_H_
