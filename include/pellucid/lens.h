// pellucid/lens.h - what would the model say if it stopped at layer L?
//
// Decodes the residual stream after each block with the model's own final norm
// and unembedding. Method: nostalgebraist, "interpreting GPT: the logit lens"
// (2020). The last row is the model's own output, bit for bit. Points
// inside the blocks can be asked for too (LensOptions::sites).
//
//   Lens lens = ComputeLens(model, ids, {.top_k = 5}).value();
//   for (const LensRow& row : lens.rows)
//     Use(row.site, row.cells.back().top[0].id);
#ifndef PELLUCID_LENS_H_
#define PELLUCID_LENS_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/edit.h"
#include "pellucid/export.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/selection.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"  // Progress
#include "pellucid/trained_lens.h"

namespace pellucid {

class LensReuse;  // pellucid/lens_reuse.h

// The points of a block that can be decoded, in the order of their rows.
//
// A residual state is what the model itself would hand to its final norm, so a
// row of it says what the model would predict there. What a module adds is no
// residual state; its row applies the final norm to that vector alone, with the
// vector's own statistics (as LogitLens4LLMs does), so it shows the direction
// the module writes in, not its share of the model's logits. (That share, the
// direct logit attribution, divides by the final residual's norm instead; its
// numbers are not comparable with these.)
enum class LensSite {
  kAttnOut,    // the attention module's output
  kResidMid,   // residual state between attention and MLP
  kMlpOut,     // the MLP module's output
  kResidPost,  // residual state after the block
};

// Reads "resid_post" or several of resid_post, resid_mid, attn_out, mlp_out
// with commas. `what` names the option in messages ("--sites"). kUsage:
// anything else, with the names that there are.
PELLUCID_API Result<std::vector<LensSite>> ParseLensSites(
    std::string_view text, std::string_view what);

// What a row says of one token.
struct TokenScore {
  TokenId id = 0;
  float logit = 0;    // as the model defines it: after scale and soft-cap
  float logprob = 0;  // logit - logz, nats
  float prob = 0;     // softmax over the whole vocabulary, in [0, 1]
};

// The same for a token that is watched wherever it stands.
struct RankedScore {
  TokenScore score;
  std::size_t rank = 0;  // 1 is the highest: 1 + the number of strictly greater
                         // logits
};

// One row at one position: a distribution over the vocabulary, as the few
// numbers that are kept of it. Entropy, KL and logz are in nats and taken over
// the whole vocabulary: H = logz - sum p z, KL(F || l) = sum p_F (log p_F - log
// p_l), with p = exp(z - logz).
struct LensCell {
  std::size_t position = 0;          // in the input, from 0
  std::vector<TokenScore> top;       // [top_k] by logit, ties by lower id
  float logz = 0;                    // log of the sum of exp(logit)
  float entropy = 0;                 // of the softmax; >= 0
  float kl_to_final = 0;             // KL(final row || this row); >= 0
  std::optional<RankedScore> next;   // the input's next token, if there is one
  std::vector<RankedScore> targets;  // LensOptions::targets, in that order
  std::optional<RankedScore> final_top1;  // the final row's top-1 token here;
                                          // where LensOptions asks for it
};

// One layer, decoded at every listed position.
struct LensRow {
  std::string site;  // canonical: "embed", "model.layers.3" (a block's output),
                     // "model.layers.3.self_attn"
  int layer = -1;    // -1: the embedding row
  std::vector<LensCell> cells;  // one a listed position, ascending
  bool own_norm = false;  // no residual state: decoded with the statistics of
                          // that vector itself (LensSite)
};

// Means over the listed positions less LensOptions::skip_first.
struct LensSummary {
  std::string site;
  int layer = -1;
  std::optional<float> entropy,
      kl_to_final;                    // nats; empty: no position is left
  std::optional<float> top1_agree;    // share whose top-1 is the final row's
  std::optional<float> next_logprob;  // over positions that have a next token
};

// When a target becomes and stays the prediction, over the outputs of all
// blocks, whatever layers and sites are shown; one entry a listed position;
// empty: never.
struct LensTarget {
  TokenId id = 0;
  std::vector<std::optional<std::size_t>> first_hit;    // [positions] first
                                                        // block with it as
                                                        // top-1
  std::vector<std::optional<std::size_t>> stable_from;  // [positions] from here
                                                        // it stays
};

// Which token LensCell::final_top1 follows through all rows.
enum class FollowFinal {
  kNone,
  kLast,  // LensCell::final_top1 follows the final row's top-1 of the last
          // listed position, in every cell
  kEach,  // ... of the cell's own position
};

// How the dots with the vocabulary are computed.
enum class LensPrecision {
  kExact,  // float32, in the one order of this library (docs/numerics.md)
  kFast,   // 16-bit integers; the tokens that are kept and some more exactly.
           // About twice as fast, on processors with tile registers
           // for bytes (Intel's AMX); the model's forward pass is the same
};

// "exact", "fast", and the reverse. kUsage: another name; `what` names the
// option in messages.
PELLUCID_API std::string_view LensPrecisionName(LensPrecision precision);
PELLUCID_API Result<LensPrecision> ParseLensPrecision(std::string_view name,
                                                      std::string_view what);

// How far LensPrecision::kFast was from exact: what some cells, evenly spread
// over those of the run, say when they are decoded exactly too.
struct LensError {
  std::size_t cells = 0;    // compared
  double max_abs_prob = 0;  // |prob - exact| of the tokens that are kept
  double mean_abs_prob = 0;
  double max_abs_logz = 0;  // nats
  double top_k_equal = 1;   // share of cells with the same tokens in order
};

struct Lens;

// What ComputeLens decodes, keeps and watches.
struct LensOptions {
  Selection layers = {};  // blocks; "embed" may be listed
  // Rows of each block; their order and repeats do not matter. The embedding
  // row is there only with kResidPost.
  std::vector<LensSite> sites = {LensSite::kResidPost};
  bool embed_row = true;  // with all layers: also what enters block 0
  Selection positions = {};
  std::size_t top_k = 5;  // 1 .. vocab_size
  std::vector<TokenId> targets = {};
  std::size_t skip_first = 0;  // positions left out of the summary
  FollowFinal follow = FollowFinal::kNone;
  // Bytes of residual rows [rows, positions, d_model] (float32) that are kept
  // at once. Where there are more, blocks of positions are decoded one after
  // another, the last first, each behind a forward pass over the tokens up to
  // its end. Results are the same, bit for bit; of B blocks, the forward pass
  // takes about (B + 1) / 2 times as long.
  std::size_t max_residual_bytes = std::size_t{1} << 30;
  // Made in the forward pass: the lens of the edited run. Not of the final norm
  // and what comes after it, since a lens reads residual states.
  std::vector<Edit> edits = {};
  // Maps states before they are decoded; null: the logit lens. Rows that it has
  // no map for are left out where all layers are shown, and when targets are
  // followed.
  std::shared_ptr<const TrainedLens> trained = {};
  LensPrecision precision = LensPrecision::kExact;
  // Takes from it what this run shares with the last one, and leaves there what
  // the next one may share; null: every token is run. The same bits.
  std::shared_ptr<LensReuse> reuse = {};
  // Called with the cells of some positions as soon as they are decoded: `part`
  // holds ids, those positions, all rows with their cells there, the same bits
  // as the whole lens, and the ids of targets; no summary, layers of targets
  // and times. The first come after a fraction of the work. Positions ascend
  // from call to call; with kLast they need not. From the thread that asked. A
  // run that fails may have called it. Must not throw.
  std::function<void(std::size_t prompt, const Lens& part)> on_part = {};
  std::stop_token stop = {};
  Progress progress = {};
};

// Wall-clock time of the two halves, in milliseconds; less that of the checks
// (Lens::max_abs_last_row_minus_logits, Lens::error).
struct LensTiming {
  double forward_ms = 0;
  double lens_ms = 0;
};

// The lens of one prompt: cells of the shape [rows, positions]. Owns its data
// and may outlive the model.
struct Lens {
  LensKind kind = LensKind::kLogit;
  std::string trained_ref = {};        // of a trained lens: where it lies
  std::vector<TokenId> ids;            // the input, [tokens]
  std::vector<std::size_t> positions;  // those listed, ascending
  std::vector<LensRow> rows;           // ascending by layer, then by site
  std::vector<LensSummary> summary;    // one a row
  std::vector<LensTarget> targets;
  // Where FollowFinal asks for it: the final row's top-1 token at the last
  // listed position, and since when it is the top-1 there, over all blocks.
  std::optional<LensTarget> followed;
  // max |final row's kept logits - those of Model::Unembed on the same
  // residuals|, shown or not. 0 by construction; a self-check. At
  // positions whose own top-1 is followed (FollowFinal), and everywhere with
  // LensPrecision::kFast, it tells of a token that should have been kept, too.
  double max_abs_last_row_minus_logits = 0;
  // With LensPrecision::kFast: of the whole run, all its prompts.
  std::optional<LensError> error;
  LensTiming timing;
};

// Costs rows * positions * d_model * vocab multiply-adds. Memory: the residuals
// [rows, positions, d_model], up to LensOptions::max_residual_bytes; what the
// forward pass holds a token; a few numbers and top_k tokens a cell; and 64 MiB
// and 4 MiB a thread; never the logits. KL is against the
// model's final row whether it is shown or not. kUsage: no tokens; a layer,
// position, top_k or target out of range; no sites, or one that this
// architecture does not have (with the nearest names), or that a trained lens
// has no map for; an edit that does not fit; kFast on a processor without tile
// registers. kModel: non-finite activations; a
// trained lens that does not fit the model. kCancelled.
PELLUCID_API Result<Lens> ComputeLens(const Model& model,
                                      std::span<const TokenId> ids,
                                      const LensOptions& options = {});

// Several prompts in one pass; equal, bit for bit, to one by one. Targets and
// selections hold for each prompt.
PELLUCID_API Result<std::vector<Lens>> ComputeLensBatch(
    const Model& model, std::span<const std::vector<TokenId>> prompts,
    const LensOptions& options = {});

// What ComputeLens would say of `options` whatever the prompt: kUsage as above.
// For programs that want to know before the work begins.
PELLUCID_API Status CheckLensOptions(const Model& model,
                                     const LensOptions& options);

}  // namespace pellucid

#endif  // PELLUCID_LENS_H_
