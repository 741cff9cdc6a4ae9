// pellucid/jacobian_lens.h - what a state does to the end of the stream.
//
//   auto windows = CutWindows(model, documents, 128).value();
//   JacobianFit fit = FitJacobianLens(model, windows).value();
//   WriteTrainedLens("lens.safetensors", fit.lens, model);
//
// The Jacobian lens of a block is J = E[d h_final / d h], the mean effect of
// its output, to first order, on the final residual stream, at later positions
// too; a row then says what the final norm and the head make of J h (Gurnee et
// al. 2026). The logit lens is J = 1.
#ifndef PELLUCID_JACOBIAN_LENS_H_
#define PELLUCID_JACOBIAN_LENS_H_

#include <cstddef>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "pellucid/export.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/tensor.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"  // Progress
#include "pellucid/trained_lens.h"

namespace pellucid {

// How FitJacobianLens goes about it.
struct JacobianOptions {
  // Positions of each prompt that are neither source nor target: attention
  // parks huge states in its first tokens.
  std::size_t skip_first = 4;
  // Features of the final state whose gradients are taken at once: memory for
  // as many copies of a prompt's block. Changes no bit.
  std::size_t copies = 16;
  // As in TuneOptions; written between prompts.
  std::string checkpoint = {};
  double checkpoint_seconds = 60;
  bool resume = false;
  // Called after each prompt with the standard error so far of each map, as
  // JacobianFit gives it; empty after the first, which has none.
  std::function<void(std::size_t prompts, std::span<const double> error)>
      report = {};
  std::stop_token stop = {};
  Progress progress = {};
};

// A fitted lens, and how sure it is.
struct JacobianFit {
  TrainedLens lens;  // of the outputs of all blocks but the last
  // Of each map: the standard error of the mean over prompts, as a share of the
  // map, both by their Frobenius norms. NaN of one prompt.
  std::vector<double> standard_error;
};

// For each prompt and each feature i of the final state a gradient is taken of
// the sum of that feature over all target positions; row i of J is its mean
// over source positions, and the lens the mean over prompts. Costs d_model
// backward passes over each prompt; holds 16 d_model^2 bytes a block. Results
// do not depend on threads or `copies`. kUsage: no prompts, one without
// positions behind those skipped, one that the model cannot run; a checkpoint
// of another fit. kModel: non-finite activations. kCancelled.
PELLUCID_API Result<JacobianFit> FitJacobianLens(
    const Model& model, std::span<const std::vector<TokenId>> prompts,
    const JacobianOptions& options = {});

// J h for some vectors h of one block's output, without J: the mean over the
// same prompts and positions of what the run does to each vector, by one
// forward pass of derivatives for each prompt and vector. `vectors`: [n,
// d_model]; the result has the same shape. `options.checkpoint` is not read.
PELLUCID_API Result<Tensor> ApplyJacobian(
    const Model& model, std::span<const std::vector<TokenId>> prompts,
    std::size_t layer, const Tensor& vectors,
    const JacobianOptions& options = {});

}  // namespace pellucid

#endif  // PELLUCID_JACOBIAN_LENS_H_
