// pellucid/gradient.h - what a change of an activation is worth to a metric.
//
//   GradientOptions options;
//   options.sites = {"blocks.*.attn.hook_z"};
//   options.answer = {paris};
//   options.foil = {london};
//   Gradient g = ComputeGradient(model, ids, options).value();
//   const Tensor& at = *g.trace.Find("model.layers.3.self_attn.z");
//
// By the adjoint of every step of the run (reverse mode), for every
// architecture: of each site, the derivative of the metric by each of its
// numbers, the others that do not follow from them held fixed. Equal to
// torch.autograd on Hugging Face eager float32 but for rounding
// (docs/attribution.md), the same bits whatever the threads and the batch. In a
// mixture of experts, the choice of experts is held fixed, their weights are
// not.
#ifndef PELLUCID_GRADIENT_H_
#define PELLUCID_GRADIENT_H_

#include <cstddef>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "pellucid/export.h"
#include "pellucid/model.h"
#include "pellucid/patch.h"  // PatchMetric
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"

namespace pellucid {

// Which derivatives, of what.
struct GradientOptions {
  // As RunOptions::sites. Rotary tables have no gradient: a pattern passes them
  // over.
  std::vector<std::string> sites = {};
  // What is read at the last position; a rank has no derivative.
  PatchMetric metric = PatchMetric::kLogitDiff;
  // As PatchPair's: what should follow the prompt, and what should not.
  std::vector<TokenId> answer = {}, foil = {};
  // With PatchMetric::kKl: the prompt whose distribution is compared with.
  std::vector<TokenId> reference = {};
  // Of activations that are kept; blocks that it has no room for are run again,
  // to the same bits.
  std::size_t max_bytes = std::size_t{256} << 20;
  std::stop_token stop = {};
  Progress progress = {};
};

// Owns its data.
struct Gradient {
  double value = 0;  // the metric
  // Under the names and in the shapes of Model::Run, derivatives. Where a query
  // does not see a key, those of scores and pattern are 0.
  Trace trace;
};

// Costs a forward pass and one of about the same length back; memory for what
// is asked for, [n_layers, tokens, d_model] and `max_bytes`. kUsage: what
// Model::Run and Patch refuse, a rank, a rotary table by its name. kModel:
// non-finite activations or logits. kCancelled.
PELLUCID_API Result<Gradient> ComputeGradient(const Model& model,
                                              std::span<const TokenId> ids,
                                              const GradientOptions& options);

}  // namespace pellucid

#endif  // PELLUCID_GRADIENT_H_
