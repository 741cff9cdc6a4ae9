// Many runs that differ from one by a few activations each: the engine of
// patching and of causal tracing.
//
// The run that is changed (the base) is made once, with what enters each block
// and a KV cache kept. A cell, one set of changed activations, then costs only
// what lies above and to the right of them: it enters at its first block, at
// its first changed position, behind the base's keys and values. Cells of
// several blocks and bases run as one batch. The numbers are, bit for bit,
// those of a whole run with the same change.
#ifndef PELLUCID_ANALYSIS_PATCH_SWEEP_H_
#define PELLUCID_ANALYSIS_PATCH_SWEEP_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "base/buffer.h"
#include "base/matrix.h"
#include "model/forward.h"
#include "model/model_impl.h"
#include "pellucid/edit.h"
#include "pellucid/result.h"
#include "pellucid/trace.h"
#include "trace/site.h"

namespace pellucid {

// A run whose states are kept. Memory: [n_layers + 1, tokens, d_model] and the
// keys and values of all layers.
struct SweepBase {
  std::vector<TokenId> ids;
  std::vector<Buffer> states;  // by block, what enters it; behind the last, the
                               // final residual stream: [tokens, d_model] each
  KvCache cache;
};

// Runs `ids`, edited by `edits` (of one prompt). Errors as RunForward's.
Result<SweepBase> RunSweepBase(const Model::Impl& model,
                               const std::vector<TokenId>& ids,
                               std::span<const Edit> edits,
                               const std::stop_token& stop);

// The run that activations are taken from: one point of every block.
struct SweepSource {
  Point point = Point::kResidPost;
  std::size_t tokens = 0;
  // By block: [tokens, features]; of scores and pattern [heads * tokens,
  // tokens].
  std::vector<Buffer> values;
  Buffer final_residual;  // [tokens, d_model]
};

// kUsage: `point` of every block takes more than `max_bytes`.
Status CheckSourceSize(const Model::Impl& model, Point point,
                       std::size_t tokens, std::size_t max_bytes);

// kUsage: `point` takes more than `max_bytes` for these tokens.
Result<SweepSource> RunSweepSource(const Model::Impl& model,
                                   const std::vector<TokenId>& ids, Point point,
                                   std::size_t max_bytes,
                                   const std::stop_token& stop);

// What one run changes: the point in blocks [first_layer, end_layer), at
// positions, in heads.
struct SweepCell {
  std::size_t base = 0;  // whose run
  std::size_t first_layer = 0, end_layer = 0;
  std::vector<std::size_t> positions;  // rising, at least one
  std::vector<std::size_t> heads;      // empty: all
};

struct SweepOptions {
  // By position of the base: the source's position that it takes values from.
  std::vector<std::size_t> source_of;
  // Positions whose final residual stream is wanted, rising; none lies before
  // a cell's first position.
  std::vector<std::size_t> readouts;
  // Tokens that run at once. More share the decoding of weights; each takes
  // about 4 d_model + 2 d_mlp + 3 d_attention numbers.
  std::size_t max_tokens = 1024;
  std::stop_token stop = {};
  Progress progress = {};
};

// Called with a group of cells (indices) and their final residual rows
// [group * readouts, d_model], before the final norm.
using SweepReader = std::function<Status(std::span<const std::size_t> cells,
                                         ConstMatrixView residual)>;

// Runs every cell, in an order of its own. Memory does not grow with their
// number. Errors: those of RunForward, and of `reader`.
Status RunSweep(const Model::Impl& model,
                std::span<const SweepBase* const> bases,
                const SweepSource& source, std::span<const SweepCell> cells,
                const SweepOptions& options, const SweepReader& reader);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_PATCH_SWEEP_H_
