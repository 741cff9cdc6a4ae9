// What shapes the numbers of a model, in words: which of all that an
// architecture may vary is in force, whether its file says so or its family
// always does it. For people, and for scripts that compare models.
#ifndef PELLUCID_ANALYSIS_IN_FORCE_H_
#define PELLUCID_ANALYSIS_IN_FORCE_H_

#include <string>
#include <utility>
#include <vector>

#include "pellucid/model.h"

namespace pellucid {

// (key, value as text). The same keys, in the same order, for every model:
//
//   dtypes             element types of the file, most bytes first: "Q4_1, F32"
//   norm, norm_eps     "rms" or "layer"
//   block_order        "sequential" or "parallel"
//   attention          "multi-head, 12", "multi-query, 71 on 1" or
//                      "grouped-query, 9 on 3" heads
//   attention_scale    on dots of queries and keys; "0.5 to 0.25" where blocks
//                      differ
//   qk_norm            "none", "per head" or "whole"
//   score_cap, logit_cap, logit_multiplier, logit_divisor, embed_scale,
//   residual_multiplier
//                      numbers, "none" where nothing is done
//   window             "none", or "4096 in 13 of 26 blocks"
//   positions          "rotary", "learned", "alibi" or "none"
//   rope               "none", or "64 of 64 features in halves", and what
//                      stretches it as far as it shows
//   activation         of the MLP, "silu"
//   experts            "none", or "2 of 8"
//   tied_head          "true" or "false"
//   bos                "added, <s> (1)", "not added, <s> (1)", "none", or "no
//                      tokenizer"
//
// Behind them ModelInfo::details, what the family's own keys say.
std::vector<std::pair<std::string, std::string>> DescribeInForce(
    const Model& model);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_IN_FORCE_H_
