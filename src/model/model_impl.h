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
#include "trace/edit_plan.h"
#include "trace/edit_run.h"
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

  // What edits are for these prompts. kUsage: one that does not fit.
  Result<EditPlan> PlanEdits(
      std::span<const Edit> edits,
      std::span<const std::vector<TokenId>> prompts) const;

  // Logits [vocab_size] of packed row `row`, that of the token at `position`.
  // kModel: one is not finite. kCancelled.
  Status LogitsOfRow(const Forwarded& done, std::size_t row,
                     std::size_t position, std::span<float> logits,
                     const std::stop_token& stop = {}) const;
  // The same of several rows at once, [rows, vocab_size].
  Status LogitsOfRows(const Forwarded& done, std::span<const std::size_t> rows,
                      std::span<const std::size_t> positions,
                      MatrixView logits,
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

// Of each packed prompt, where an edit finds it; prompt p is the plan's p.
std::vector<EditedRows> EditedRowsOf(const PackedPrompts& packed);

// Prompts one after another.
PackedPrompts Pack(std::span<const std::vector<TokenId>> prompts);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_MODEL_IMPL_H_
