// What a Model holds. For the layers above; programs use pellucid/model.h.
// It owns the files that weights point into, so it is shared and never moves.
#ifndef PELLUCID_MODEL_MODEL_IMPL_H_
#define PELLUCID_MODEL_MODEL_IMPL_H_

#include <optional>
#include <span>
#include <vector>

#include "base/task_pool.h"
#include "model/arch_spec.h"
#include "model/checkpoint.h"
#include "model/forward.h"
#include "model/head.h"
#include "model/weights.h"
#include "pellucid/model.h"
#include "trace/site_table.h"

namespace pellucid {

struct Model::Impl {
  Impl(Checkpoint from, ArchSpec arch, Weights parameters, std::size_t threads)
      : checkpoint(std::move(from)),
        spec(std::move(arch)),
        weights(std::move(parameters)),
        head(spec, weights),
        table(spec.modules, spec.Sizes()),
        pool(threads) {}

  // kUsage unless every prompt has between one and context_length tokens, all
  // within the vocabulary.
  Status CheckPrompts(std::span<const std::vector<TokenId>> prompts) const;

  // Logits [vocab_size] of one row [1, d_model] of the final residual stream,
  // that of the token at `position`. kModel: one is not finite. kCancelled.
  Status LastLogits(ConstMatrixView residual, std::size_t position,
                    std::span<float> logits,
                    const std::stop_token& stop = {}) const;

  ForwardContext context() const { return {spec, weights, head, table, pool}; }

  Checkpoint checkpoint;
  ArchSpec spec;
  Weights weights;
  Head head;
  SiteTable table;
  TaskPool pool;
  ModelInfo info;
  std::optional<Tokenizer> tokenizer;
  Error tokenizer_error;  // why there is none
};

// Prompts one after another.
PackedPrompts Pack(std::span<const std::vector<TokenId>> prompts);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_MODEL_IMPL_H_
