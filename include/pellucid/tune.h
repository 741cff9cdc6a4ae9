// pellucid/tune.h - fitting a tuned lens to a model, and measuring lenses.
//
//   auto windows = CutWindows(model, documents, 256).value();
//   TrainedLens lens = FitTunedLens(model, windows, {}).value();
//   LensEvaluation eval = EvaluateLens(model, held_out, &lens).value();
//
// A tuned lens has an affine map h + W h + b for each row but the last (Belrose
// et al. 2023). Their recipe minimises KL(final || row) by gradient steps
// alone; here the map comes first from least squares onto the final state, in
// closed form and one pass, and gradient steps on the KL go on from there.
#ifndef PELLUCID_TUNE_H_
#define PELLUCID_TUNE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "pellucid/export.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"  // Progress
#include "pellucid/trained_lens.h"

namespace pellucid {

// Documents as prompts of at most `window` tokens: the tokens of all, an end of
// text between two where the tokenizer has one, cut into pieces of equal
// length, each behind a BOS where the model's prompts begin with one. What is
// left at the end is a shorter window if it has two tokens. kUsage: `window`
// below 2 or beyond the context; no tokens. kModel: no tokenizer.
PELLUCID_API Result<std::vector<std::vector<TokenId>>> CutWindows(
    const Model& model, std::span<const std::string> documents,
    std::size_t window);

// How a tuned lens is fitted.
enum class TuneMethod : std::uint8_t {
  // Least squares onto the final state in closed form, then Adam.
  kClosedForm,
  // As in the paper and its package: from the identity, stochastic gradient
  // descent with Nesterov `momentum`, rate learning_rate (1 - momentum) falling
  // linearly to 0, weight decay 1e-3, the gradient of all maps clipped to the
  // norm `clip`; windows in their order, `tokens_per_step` of them a step, all
  // positions behind `skip_first` counted alike. (Its defaults: learning_rate
  // 1, skip_first 0, 2^18 tokens a step.)
  kRecipe,
};

// How FitTunedLens goes about it.
struct TuneOptions {
  TuneMethod method = TuneMethod::kClosedForm;
  // Positions of each window that are left out: attention gives its first
  // tokens huge states, which no other position has.
  std::size_t skip_first = 1;
  // Of the least squares: how far the map is drawn to 0, as a share of the mean
  // variance of a feature.
  double ridge = 1e-4;
  // Steps on KL(final || row) after that, each on `cells` positions drawn with
  // `seed`, in all rows: Adam (Kingma and Ba 2015) at `learning_rate`, which
  // falls linearly to 0.
  std::size_t steps = 250;
  std::size_t cells = 64;
  double learning_rate = 1e-4;
  // Of kRecipe.
  std::size_t tokens_per_step = std::size_t{1} << 18;
  double momentum = 0.9, clip = 1;
  std::uint64_t seed = 0;
  // Of the closed form: end the steps when `patience` checks in a row have
  // brought no row closer; 0: take all of them, and check nothing. A check,
  // each `check_every` steps and before the first, is KL(final || row) on 256
  // positions of the last twentieth of the windows, which the fit does not see.
  // Each map is then the one of its best check.
  std::size_t patience = 0, check_every = 25;
  // Called after each check with what it found of each row, in nats.
  std::function<void(std::size_t step, std::span<const float> loss)> checked =
      {};
  // A file to go on from after an interruption; empty: none. It is written as
  // the fit goes, when the last time was so many seconds ago, and left behind
  // for the caller to remove once the lens is safe. With `resume`, a fit that
  // finds it goes on there, to the same bits; it calls `report` for the steps
  // taken before, too. kUsage: it is of another fit. kModel: it is damaged.
  std::string checkpoint = {};
  double checkpoint_seconds = 60;
  bool resume = false;
  // Called after each step with the loss of each row, in nats, of its cells.
  std::function<void(std::size_t step, std::span<const float> loss)> report =
      {};
  // Bytes of moments that are held at once, 16 d_model^2 a row; with more rows
  // than that, the data are run again for the rest.
  std::size_t max_moment_bytes = std::size_t{2} << 30;
  // Bytes of states of all rows that are held at once: how many windows run
  // together. Of the closed form, sums depend on it by rounding.
  std::size_t max_state_bytes = std::size_t{128} << 20;
  std::stop_token stop = {};
  Progress progress = {};
};

// A tuned lens for the embedding row and the outputs of all blocks but the
// last. Costs a forward pass over all windows, 2 d_model^2 multiply-adds a
// token and row, and for each step `cells` x (rows + 1) x 2 logits of the whole
// vocabulary. Results do not depend on threads. kUsage: no windows, too few
// positions, a window the model cannot run. kModel: non-finite activations.
// kCancelled.
PELLUCID_API Result<TrainedLens> FitTunedLens(
    const Model& model, std::span<const std::vector<TokenId>> windows,
    const TuneOptions& options = {});

// Of one row, means over positions, in nats.
struct LensQuality {
  std::string site;
  int layer = -1;
  double entropy = 0;
  double kl_to_final = 0;          // KL(final || row)
  std::optional<double> ce;        // of the next token
  std::optional<double> final_ce;  // the model's own there
  double bias = 0;                 // KL of the mean final distribution from
                                   // the row's mean distribution
  double top1_agree = 0;           // share whose top-1 is the final row's
};

// What EvaluateLens found.
struct LensEvaluation {
  std::vector<LensQuality> rows;   // rising; the last is the model's own output
  std::size_t positions = 0;       // that means are over
  std::size_t next_positions = 0;  // that have a next token
};

// What EvaluateLens leaves out, and how it is watched and stopped.
struct EvaluateOptions {
  std::size_t skip_first = 1;
  std::stop_token stop = {};
  Progress progress = {};
};

// Measures `lens` (null: the logit lens, in all rows) on windows. Costs the
// logits of all rows and positions; holds the mean distribution of each row.
PELLUCID_API Result<LensEvaluation> EvaluateLens(
    const Model& model, std::span<const std::vector<TokenId>> windows,
    const TrainedLens* lens, const EvaluateOptions& options = {});

}  // namespace pellucid

#endif  // PELLUCID_TUNE_H_
