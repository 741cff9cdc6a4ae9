// Which experts of a mixture work on which tokens (Shazeer et al. 2017), for
// the forward pass and its derivatives.
#ifndef PELLUCID_MODEL_ROUTING_H_
#define PELLUCID_MODEL_ROUTING_H_

#include <cstddef>
#include <vector>

#include "base/matrix.h"
#include "model/arch_spec.h"

namespace pellucid {

// A token that an expert works on.
struct Routed {
  std::size_t token;
  float weight;  // of its result: probability / sum
  float sum;     // of the probabilities of the chosen; 1 unless renormalised
};

// By expert, tokens rising. The n_active greatest probabilities of each row, of
// equal ones the lower expert. Rows of `probabilities` [tokens, n_experts].
std::vector<std::vector<Routed>> RouteTokens(const ExpertsSpec& spec,
                                             ConstMatrixView probabilities);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_ROUTING_H_
