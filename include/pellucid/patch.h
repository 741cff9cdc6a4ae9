// pellucid/patch.h - activation patching: what of the clean run brings its
// answer into a corrupted one?
//
//   PatchPair pair{clean_ids, corrupt_ids, {paris}, {rome}};
//   PatchGrid grid = Patch(model, pair, {.site = "resid_post"}).value();
//   // grid.values[row][column]: the metric of the corrupt run with that one
//   // activation taken from the clean run
//
// Method: Vig et al. 2020 ("causal mediation"), Meng et al. 2022 (ROME), Wang
// et al. 2022; names and advice as in Heimersheim, Nanda 2024. Every cell's
// number is, bit for bit, that of a whole run with the same edit, but costs
// only what lies above and to the right of it.
#ifndef PELLUCID_PATCH_H_
#define PELLUCID_PATCH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/export.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/selection.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"  // Progress

namespace pellucid {

// What is read at the end of a run. Nats; a rank of 1 is the highest.
enum class PatchMetric : std::uint8_t {
  kLogitDiff,  // logit of the answer less that of the foil
  kLogProb,    // of the answer
  kProb,       // of the answer
  kKl,         // KL(clean run || this run)
  kRank,       // of the answer
};

// What is one cell.
enum class PatchAxes : std::uint8_t {
  kLayerPosition,  // one position of a block
  kLayerHead,      // one head of a block, all positions
  kLayer,          // all of a block: one column
};

enum class PatchDirection : std::uint8_t {
  kDenoise,  // the corrupt run, with what is patched from the clean one
  kNoise,    // the clean run, with what is patched from the corrupt one
};

// How a position of the run that is changed finds the one of the other run.
enum class PatchAlign : std::uint8_t {
  kStrict,  // the same; prompts of different length are refused
  kTokens,  // equal tokens at the beginning and at the end pair up; between
            // them, the last ones do
  kSpan,    // as PatchPair's spans say: what lies before, in and behind them,
            // the last tokens of each with another
};

// Names of the above on the command line and in JSON: "logit-diff", "logprob",
// "prob", "kl", "rank"; "layer,position", "layer,head", "layer"; "denoise",
// "noise"; "strict", "tokens", "span".
PELLUCID_API std::string_view PatchMetricName(PatchMetric metric);
PELLUCID_API std::string_view PatchAxesName(PatchAxes axes);
PELLUCID_API std::string_view PatchDirectionName(PatchDirection direction);
PELLUCID_API std::string_view PatchAlignName(PatchAlign align);

// Tokens [begin, end) of a prompt.
struct TokenSpan {
  std::size_t begin = 0, end = 0;
};

struct PatchPair {
  std::vector<TokenId> clean, corrupt;
  // What should follow the prompts, and what should not. Several tokens follow
  // one another: their log-probabilities are added up (kLogProb and kProb; for
  // kLogitDiff the difference of log-probabilities, which for one token each is
  // that of logits).
  std::vector<TokenId> answer, foil;
  TokenSpan clean_span = {}, corrupt_span = {};  // with PatchAlign::kSpan
};

struct PatchOptions {
  // resid_pre, resid_mid, resid_post, attn_out, mlp_out, z, q, k, v or pattern.
  std::string site = "resid_post";
  PatchAxes axes = PatchAxes::kLayerPosition;
  PatchMetric metric = PatchMetric::kLogitDiff;
  PatchDirection direction = PatchDirection::kDenoise;
  PatchAlign align = PatchAlign::kStrict;
  Selection layers = {};
  Selection positions = {};  // of the run that is changed
  Selection heads = {};      // with kLayerHead
  // Blocks that a cell changes together: of row L, L - (window - 1) / 2 and
  // those after it, as far as there are.
  std::size_t window = 1;
  // Not empty: direct path patching (Wang et al. 2022; Goldowsky-Dill et al.
  // 2023). Only what a cell adds to the residual stream changes, and only for
  // this reader of it: "logits", or "q:L", "k:L", "v:L", "attn:L", "mlp:L" of
  // block L, "q:L.H" (k, v) of one head of it. All else is as in the run that
  // is changed until the reader has read; what follows from that runs on. For
  // sites attn_out, mlp_out and z.
  std::string to = {};
  std::size_t max_bytes = std::size_t{4} << 30;  // of kept activations
  std::stop_token stop = {};
  Progress progress = {};
};

// One number a cell.
struct PatchGrid {
  PatchMetric metric = PatchMetric::kLogitDiff;
  PatchAxes axes = PatchAxes::kLayerPosition;
  std::string site;                  // as asked for
  std::vector<std::size_t> rows;     // blocks
  std::vector<std::size_t> columns;  // positions or heads; {0} with kLayer
  double clean = 0, corrupt = 0;     // the metric of the unpatched runs
  std::vector<std::vector<double>> values;  // [rows, columns]
  // (value - corrupt) / (clean - corrupt); empty where that is 0 / 0 or no
  // number.
  std::vector<std::vector<std::optional<double>>> recovery;
  std::vector<TokenId> ids;  // of the run that was changed
  // Share of the multiply-adds of whole runs, one a cell, that were made.
  double share_of_full_runs = 0;
};

// Costs two runs, and of each cell the part above and to the right of what it
// changes; cells that change nothing cost nothing. Memory: [n_layers, tokens,
// d_model], keys and values, the site in every block, and a bounded number of
// tokens at work; it does not grow with the number of cells. kUsage: prompts of
// different length (or with nothing that pairs up), no answer, a foil or a site
// that is missing or does not fit the metric or the axes, a layer, position or
// head out of range. kModel: non-finite activations. kCancelled.
PELLUCID_API Result<PatchGrid> Patch(const Model& model, const PatchPair& pair,
                                     const PatchOptions& options = {});

// What many pairs say of one cell: mean, and the interval in which the mean
// lies with 95% of `resamples` bootstrap samples (percentiles; drawn by seed,
// the same on every machine).
struct PatchInterval {
  double mean = 0, low = 0, high = 0;
};

struct PatchSummary {
  std::vector<std::size_t> rows, columns;
  PatchInterval clean, corrupt;
  std::vector<std::vector<PatchInterval>> values;  // [rows, columns]
  std::vector<std::vector<std::optional<PatchInterval>>> recovery;
  std::size_t pairs = 0;
};

// kUsage: no grids, or grids of different rows and columns (prompts of
// different length, patched by position).
PELLUCID_API Result<PatchSummary> SummarisePatches(
    std::span<const PatchGrid> grids, std::uint64_t seed = 0,
    std::size_t resamples = 1000);

// Reads one of the names above. `what` names the option in messages.
PELLUCID_API Result<PatchMetric> ParsePatchMetric(std::string_view text,
                                                  std::string_view what);
PELLUCID_API Result<PatchAxes> ParsePatchAxes(std::string_view text,
                                              std::string_view what);
PELLUCID_API Result<PatchDirection> ParsePatchDirection(std::string_view text,
                                                        std::string_view what);
PELLUCID_API Result<PatchAlign> ParsePatchAlign(std::string_view text,
                                                std::string_view what);

}  // namespace pellucid

#endif  // PELLUCID_PATCH_H_
