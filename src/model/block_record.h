// What derivatives of one block ask of a run: the values at those of its points
// that its norms, products and activations read. A probe that keeps them.
#ifndef PELLUCID_MODEL_BLOCK_RECORD_H_
#define PELLUCID_MODEL_BLOCK_RECORD_H_

#include <array>
#include <cassert>
#include <cstddef>
#include <vector>

#include "base/buffer.h"
#include "base/matrix.h"
#include "model/arch_spec.h"
#include "model/weights.h"
#include "trace/probe.h"
#include "trace/site.h"

namespace pellucid {

// Whether the MLP of a block scales `up` by an activated gate.
inline bool IsGated(const LayerWeights& w) {
  return !w.gate.empty() || !w.gate_up.empty();
}

// The point whose value is what a part of a block adds before any norm of that,
// as far as the run looks at it there.
Point AttentionOutput(const ArchSpec& spec);
Point MlpOutput(const ArchSpec& spec);

// The point whose value the MLP of a block reads.
Point MlpInput(const ArchSpec& spec, const LayerWeights& w);

// Values of one block by point, [tokens, features] each. Moves.
class BlockRecord {
 public:
  ConstMatrixView operator[](Point point) const {
    const Buffer& buffer = values_[static_cast<std::size_t>(point)];
    assert(buffer.view().data != nullptr);
    return buffer.view();
  }
  void Keep(Point point, ConstMatrixView value);

 private:
  std::array<Buffer, kPointCount> values_;
};

// Points of block `layer` that its derivatives read.
std::vector<Point> RecordedPoints(const ArchSpec& spec, const LayerWeights& w);

// Floats that they take for each token.
std::size_t RecordFloats(const ArchSpec& spec, const LayerWeights& w);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_BLOCK_RECORD_H_
