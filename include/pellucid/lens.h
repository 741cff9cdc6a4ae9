// pellucid/lens.h - what would the model say if it stopped at layer L?
//
// Decodes the residual stream after each block with the model's own final norm
// and unembedding. Method: nostalgebraist, "interpreting GPT: the logit lens"
// (2020). The last row is the model's own output, bit for bit.
//
//   Lens lens = ComputeLens(model, ids, {.top_k = 5}).value();
//   for (const LensRow& row : lens.rows)
//     Use(row.site, row.cells.back().top[0].id);
#ifndef PELLUCID_LENS_H_
#define PELLUCID_LENS_H_

#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/selection.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"  // Progress

namespace pellucid {

// Units: logits as the model defines them; logprob, entropy, KL, logz in nats,
// over the whole vocabulary; rank 1 is the highest, 1 + the number of strictly
// greater logits.
struct TokenScore {
  TokenId id = 0;
  float logit = 0;
  float logprob = 0;
  float prob = 0;
};

struct RankedScore {
  TokenScore score;
  std::size_t rank = 0;
};

struct LensCell {
  std::size_t position = 0;
  std::vector<TokenScore> top;       // by logit, ties by lower id
  float logz = 0;                    // log of the sum of exp(logit)
  float entropy = 0;                 // of the softmax
  float kl_to_final = 0;             // KL(final row || this row); >= 0
  std::optional<RankedScore> next;   // the input's next token, if there is one
  std::vector<RankedScore> targets;  // LensOptions::targets, in that order
  std::optional<RankedScore> final_top1;  // the final row's top-1 token here;
                                          // where LensOptions asks for it
};

struct LensRow {
  std::string site;             // "embed", or the block's path "model.layers.3"
  int layer = -1;               // -1: the embedding row
  std::vector<LensCell> cells;  // one a listed position, ascending
};

// Means over the listed positions less LensOptions::skip_first.
struct LensSummary {
  std::string site;
  int layer = -1;
  std::optional<float> entropy, kl_to_final;  // empty: no position is left
  std::optional<float> top1_agree;    // share whose top-1 is the final row's
  std::optional<float> next_logprob;  // over positions that have a next token
};

// When a target becomes and stays the prediction, over all blocks, one entry a
// listed position; empty: never.
struct LensTarget {
  TokenId id = 0;
  std::vector<std::optional<std::size_t>> first_hit;    // first block with it
                                                        // as top-1
  std::vector<std::optional<std::size_t>> stable_from;  // from here it stays
};

enum class FollowFinal {
  kNone,
  kLast,  // LensCell::final_top1 follows the final row's top-1 of the last
          // listed position, in every cell
  kEach,  // ... of the cell's own position
};

struct LensOptions {
  Selection layers = {};  // block outputs; "embed" may be listed
  bool embed_row = true;  // with all layers: also what enters block 0
  Selection positions = {};
  std::size_t top_k = 5;  // 1 .. vocab_size
  std::vector<TokenId> targets = {};
  std::size_t skip_first = 0;
  FollowFinal follow = FollowFinal::kNone;
  std::stop_token stop = {};
  Progress progress = {};
};

struct LensTiming {
  double forward_ms = 0;
  double lens_ms = 0;
};

// Owns its data; may outlive the model.
struct Lens {
  std::vector<TokenId> ids;            // the input
  std::vector<std::size_t> positions;  // those listed, ascending
  std::vector<LensRow> rows;           // ascending by layer
  std::vector<LensSummary> summary;    // one a row
  std::vector<LensTarget> targets;
  // Where FollowFinal asks for it: the final row's top-1 token at the last
  // listed position, and since when it is the top-1 there, over all blocks.
  std::optional<LensTarget> followed;
  // max |last row's kept logits - those of Model::Unembed on the same
  // residuals|. 0 by construction; a self-check.
  double max_abs_last_row_minus_logits = 0;
  LensTiming timing;
};

// Costs rows * positions * d_model * vocab multiply-adds; memory is bounded by
// the residuals [rows, positions, d_model] and, a cell, a few numbers and top_k
// pairs a chunk of 4096 vocabulary rows; never the logits. kUsage: no tokens, a
// layer, position, top_k or target out of range. kModel: non-finite
// activations. kCancelled.
Result<Lens> ComputeLens(const Model& model, std::span<const TokenId> ids,
                         const LensOptions& options = {});

// Several prompts in one pass; equal, bit for bit, to one by one. Targets and
// selections hold for each prompt.
Result<std::vector<Lens>> ComputeLensBatch(
    const Model& model, std::span<const std::vector<TokenId>> prompts,
    const LensOptions& options = {});

}  // namespace pellucid

#endif  // PELLUCID_LENS_H_
