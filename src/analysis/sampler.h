// The choice of the next token: the steps of SamplingOptions
// (pellucid/generate.h) on one row of logits.
//
// Nothing here has a state or depends on the rest of a batch: a draw is a
// function of seed, stream and index. Numbers are the same on every machine:
// exp is ours, and sums go in a stated order.
#ifndef PELLUCID_ANALYSIS_SAMPLER_H_
#define PELLUCID_ANALYSIS_SAMPLER_H_

#include <cstddef>
#include <span>
#include <vector>

#include "pellucid/generate.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"

namespace pellucid {

// kUsage: an option out of its range, named as in the command line.
Status CheckSampling(const SamplingOptions& options);

// The token that comes `index` tokens into the continuation, by the logits
// [vocab_size] of the last of `before`, all tokens so far.
TokenId ChooseToken(const SamplingOptions& options,
                    std::span<const TokenId> before, std::size_t index,
                    std::span<const float> logits);

// Where `uniform`, in (0, 1), falls in a distribution by rising id.
TokenId TokenAt(std::span<const TokenChance> distribution, double uniform);

// log of the sum of exp over the vocabulary, to the bit what the lens of the
// same row gives (lens_pass.h).
double LogSumExp(std::span<const float> logits);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_SAMPLER_H_
