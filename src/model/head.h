// The model's last step: final norm and unembedding. The forward pass and every
// lens call this one, so the last row of a lens is the model's own output.
#ifndef PELLUCID_MODEL_HEAD_H_
#define PELLUCID_MODEL_HEAD_H_

#include <cstddef>
#include <span>
#include <stop_token>
#include <vector>

#include "base/matrix.h"
#include "base/task_pool.h"
#include "model/arch_spec.h"
#include "model/weights.h"
#include "pellucid/tokenizer.h"

namespace pellucid {

class Head {
 public:
  // Refers to `spec` and `weights`, which must outlive it.
  Head(const ArchSpec& spec, const Weights& weights)
      : spec_(spec), weights_(weights) {}

  // Final norm of each row: residual, out [rows, d_model]; may be the same.
  void Normalise(const TaskPool& pool, ConstMatrixView residual,
                 MatrixView out) const;

  // What the unembedding multiplies, of a model whose embeddings have a width
  // of their own (Weights::project_out): normed [rows, d_model] -> out [rows,
  // d_embed].
  void ToEmbedding(const TaskPool& pool, ConstMatrixView normed,
                   MatrixView out) const;

  // Unembedding: normed [rows, d_model] -> logits [rows, vocab_size].
  void Project(const TaskPool& pool, ConstMatrixView normed, MatrixView logits,
               const std::stop_token& stop = {}) const;
  // Its last two parts: the module's output, dots and bias, of rows as the
  // unembedding multiplies them, and in place the model's scale and cap.
  void ProjectModule(const TaskPool& pool, ConstMatrixView embedded,
                     MatrixView out, const std::stop_token& stop = {}) const;
  void ScaleAndCap(MatrixView logits) const;

  // The matrix whose canonical dots with a row of what the unembedding
  // multiplies become logits.
  const WeightView& unembed() const { return weights_.unembed; }
  // Turns dots into logits, in place: `logits` [rows, count] are those of
  // tokens first_token, first_token + 1, ... (LogitSpec).
  void Finish(std::size_t first_token, MatrixView logits) const;

  // One token's row of unembed(): resizes `row` to [d_embed].
  void ReadTokenRow(TokenId token, std::vector<float>& row) const;
  // Its logit: `embedded` [d_embed] as the unembedding multiplies it, `row` as
  // ReadTokenRow gives it.
  float LogitOf(TokenId token, std::span<const float> embedded,
                std::span<const float> row) const;

 private:
  const ArchSpec& spec_;
  const Weights& weights_;
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_HEAD_H_
