// The model's own predictions, by the plain head and apart from the streaming
// pass of the lens: what the pass ranks in every row, and is held against.
#ifndef PELLUCID_ANALYSIS_FINAL_ROWS_H_
#define PELLUCID_ANALYSIS_FINAL_ROWS_H_

#include <cstddef>
#include <span>
#include <stop_token>
#include <vector>

#include "analysis/top_logits.h"
#include "base/matrix.h"
#include "model/head.h"
#include "model/model_impl.h"
#include "pellucid/result.h"

namespace pellucid {

// The best `top_k` logits of each row of `residuals` [rows, d_model], states
// before the final norm, best first. Costs rows * vocab * d_model
// multiply-adds; memory: 16 MiB of logits, or those of 8 rows. kCancelled.
Result<std::vector<std::vector<TopLogit>>> BestOfHead(
    const Model::Impl& model, ConstMatrixView residuals, std::size_t top_k,
    const std::stop_token& stop);

// max |logit of `pass` - logit of `head`| over the ids of `pass`. Of an id that
// `head` lacks the head gives no more than its last: so far apart they are at
// least. Both as BestOfHead gives them, of the same k. Costs k where they
// agree.
double WorstDifference(std::span<const TopLogit> pass,
                       std::span<const TopLogit> head);

// max |logit of `pass` - the head's for that token|, where all that the head
// prefers is not known: `embedded` [d_embed] is the row that the unembedding
// multiplies. Costs a dot for each of `pass`.
double WorstOfKept(const Head& head, std::span<const float> embedded,
                   std::span<const TopLogit> pass);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_FINAL_ROWS_H_
