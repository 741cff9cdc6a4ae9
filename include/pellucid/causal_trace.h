// pellucid/causal_trace.h - where is a fact recalled?
//
// Noise on the subject's embeddings makes the model forget the answer; then one
// state at a time is restored to what it was without noise. Where the answer
// comes back, the state carries it.
//
// Method: Meng, Bau, Andonian, Belinkov, "Locating and Editing Factual
// Associations in GPT" (2022), section 2.1, with its defaults: noise of three
// times the standard deviation of the embeddings at the state that enters block
// 0, ten samples, windows of ten blocks for mlp and attn.
//
//   CausalTraceOptions options{.subject = {1, 2, 3}};
//   CausalTrace trace = TraceCauses(model, ids, options).value();
#ifndef PELLUCID_CAUSAL_TRACE_H_
#define PELLUCID_CAUSAL_TRACE_H_

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
#include "pellucid/patch.h"
#include "pellucid/result.h"
#include "pellucid/selection.h"
#include "pellucid/tensor.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"  // Progress

namespace pellucid {

struct CausalTraceOptions {
  std::vector<std::size_t> subject;  // positions that get noise, rising
  // What is restored: "resid" (a block's output), "mlp" or "attn" (that
  // module's output).
  std::string kind = "resid";
  // Blocks restored together, around a row's; empty: 1 of resid, else 10.
  std::optional<std::size_t> window = {};
  // The token whose probability is read; empty: the clean run's top-1.
  std::optional<TokenId> answer = {};
  std::size_t samples = 10;
  std::uint64_t seed = 0;
  // Of the noise; empty: 3 times that of all numbers of the embedding matrix
  // (as they enter block 0: scaled, where the model scales them).
  std::optional<float> noise_std = {};
  // Not empty: the noise itself, [samples, subject, d_model], instead.
  Tensor noise = {};
  Selection layers = {};
  Selection positions = {};
  std::size_t resamples = 1000;  // of the bootstrap intervals
  std::stop_token stop = {};
  Progress progress = {};
};

struct CausalTrace {
  TokenId answer = 0;
  double clean = 0;  // probability of the answer without noise
  // Of the samples: mean and 95% bootstrap interval. `corrupt`: with noise and
  // nothing restored. Rows are blocks, columns positions.
  PatchSummary summary;
  float noise_std = 0;
  Tensor noise;  // [samples, subject, d_model], as it was added
  std::size_t window = 1;
};

// Costs, for each sample, a Patch by layer and position from the subject on.
// kUsage: no subject, one that is not in the prompt, noise of another shape, an
// unknown kind. Otherwise as Patch.
PELLUCID_API Result<CausalTrace> TraceCauses(const Model& model,
                                             std::span<const TokenId> ids,
                                             const CausalTraceOptions& options);

// The standard deviation of all numbers of the embedding matrix, as they enter
// block 0. Reads the whole matrix.
PELLUCID_API double EmbeddingDeviation(const Model& model);

}  // namespace pellucid

#endif  // PELLUCID_CAUSAL_TRACE_H_
