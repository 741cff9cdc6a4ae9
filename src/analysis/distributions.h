// Whole next-token distributions of some cells: logits, their sums and
// probabilities, for what needs each number once (measuring and fitting of
// lenses). What needs only a few numbers a cell uses the lens' pass, which
// stores none of these.
#ifndef PELLUCID_ANALYSIS_DISTRIBUTIONS_H_
#define PELLUCID_ANALYSIS_DISTRIBUTIONS_H_

#include <cstddef>
#include <stop_token>
#include <vector>

#include "base/buffer.h"
#include "model/model_impl.h"

namespace pellucid {

struct Distributions {
  Buffer logits;             // [cells, vocab]
  Buffer probs;              // [cells, vocab]
  std::vector<double> logz;  // [cells]: of the sum of exp(logit)

  std::size_t cells() const { return logz.size(); }
};

// Of `states` [cells, d_model], before the final norm. The sum of exp is taken
// in float64 over chunks of the vocabulary in rising order.
Distributions DistributionsOf(const Model::Impl& model, ConstMatrixView states,
                              const std::stop_token& stop = {});

// KL(a's cell || b's cell), nats, not below 0, and the entropy of a cell.
double Divergence(const Distributions& a, const Distributions& b,
                  std::size_t cell);
double EntropyOf(const Distributions& a, std::size_t cell);

// Cells whose logits and probabilities take some 64 MiB together, at least 8.
std::size_t CellsAtOnce(const Model::Impl& model);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_DISTRIBUTIONS_H_
