// The model's last step: final norm and unembedding. The forward pass and every
// lens call this one, so the last row of a lens is the model's own output.
#ifndef PELLUCID_MODEL_HEAD_H_
#define PELLUCID_MODEL_HEAD_H_

#include <stop_token>

#include "base/matrix.h"
#include "base/task_pool.h"
#include "model/arch_spec.h"
#include "model/weights.h"

namespace pellucid {

class Head {
 public:
  // Refers to `spec` and `weights`, which must outlive it.
  Head(const ArchSpec& spec, const Weights& weights)
      : spec_(spec), weights_(weights) {}

  // Final norm of each row: residual, out [rows, d_model]; may be the same.
  void Normalise(const TaskPool& pool, ConstMatrixView residual,
                 MatrixView out) const;

  // Unembedding: normed [rows, d_model] -> logits [rows, vocab_size].
  void Project(const TaskPool& pool, ConstMatrixView normed, MatrixView logits,
               const std::stop_token& stop = {}) const;

  // The matrix that Project multiplies with: logit v of a row is the canonical
  // dot of the row with row v, and nothing else in the families here.
  const WeightView& unembed() const { return weights_.unembed; }

 private:
  const ArchSpec& spec_;
  const Weights& weights_;
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_HEAD_H_
