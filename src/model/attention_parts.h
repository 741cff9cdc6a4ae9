// What attention takes beside queries, keys and values: where tokens are, which
// keys a query sees, and how heads lie in rows. Shared by the forward pass and
// its derivatives.
#ifndef PELLUCID_MODEL_ATTENTION_PARTS_H_
#define PELLUCID_MODEL_ATTENTION_PARTS_H_

#include <cstddef>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/matrix.h"
#include "kernels/attention.h"
#include "kernels/rope.h"
#include "model/arch_spec.h"
#include "model/forward.h"
#include "model/weights.h"
#include "trace/site.h"

namespace pellucid {

// Columns [begin, begin + count) of a matrix.
template <typename Float>
MatrixViewT<Float> Columns(MatrixViewT<Float> x, std::size_t begin,
                           std::size_t count) {
  return {x.data + begin, x.rows, count, x.stride};
}

// By ArchSpec::ropes; rows are those of all tokens.
std::vector<kernels::RopeTable> MakeRopeTables(const ArchSpec& spec,
                                               const PackedPrompts& prompts);

// ALiBi: slope times position, [n_heads, positions], as many as the longest
// prompt has; empty without. Falcon's numbers are those of its bfloat16
// arithmetic; its scale, the same in every block, is applied to them.
Buffer MakeAlibi(const ArchSpec& spec, const PackedPrompts& prompts);

// Of one head that reads `keys` keys; refers to `alibi`.
kernels::AttentionShape ShapeOfHead(const ArchSpec& spec, std::size_t layer,
                                    std::size_t head, const Buffer& alibi,
                                    std::size_t keys);

// Keys before the window or behind the query, which somebody may have written
// to, as attention makes them: -inf of scores, else `unseen`. The first row is
// that of position `first_query`; columns are keys.
void MaskUnseen(float unseen, std::size_t window, std::size_t first_query,
                MatrixView rows);
// What scores or a pattern have there.
float UnseenValue(Point point);

// Calls work(norm, first column) for what the norm of queries or keys takes
// together of a row of `features`: each head, or all (ArchSpec::qk_norm).
template <typename Work>
void ForEachNormedPart(const ArchSpec& spec, const NormWeights& weights,
                       std::size_t features, const Work& work) {
  if (spec.qk_norm == QkNorm::kWhole) return work(weights, 0, features);
  const std::size_t dim = spec.head_dim;
  const bool shared = weights.weight.size() == dim;
  NormWeights own;  // of one head, where each has its own
  for (std::size_t begin = 0; begin < features; begin += dim) {
    if (!shared) {
      const auto part = std::span(weights.weight).subspan(begin, dim);
      own.weight.assign(part.begin(), part.end());
    }
    work(shared ? weights : own, begin, dim);
  }
}

// Queries, keys and values of a row as they lie where each key-value head's
// stand together (QkvLayout::kGroups): calls copy(from, to part, column there,
// count) with the part 0, 1 or 2 of queries, keys, values.
template <typename Copy>
void ForEachGroupedPart(const ArchSpec& spec, const Copy& copy) {
  const std::size_t dim = spec.head_dim;
  const std::size_t queries = spec.n_heads / spec.n_kv_heads * dim;
  std::size_t from = 0;
  for (std::size_t group = 0; group < spec.n_kv_heads; ++group) {
    copy(from, 0, group * queries, queries);
    copy(from + queries, 1, group * dim, dim);
    copy(from + queries + dim, 2, group * dim, dim);
    from += queries + 2 * dim;
  }
}

}  // namespace pellucid

#endif  // PELLUCID_MODEL_ATTENTION_PARTS_H_
