// Keys and values of tokens that were run, so that a run can go on behind them.
//
// Holds what the kernels computed, keys after the rotation. A token's numbers
// depend on those before it through these alone; so it makes no difference, to
// the bit, whether they are cached or computed again.
//
// Each head's lie together, as attention reads them (kernels/key_blocks.h):
// rows as far apart as those of all heads would touch a page each.
#ifndef PELLUCID_MODEL_KV_CACHE_H_
#define PELLUCID_MODEL_KV_CACHE_H_

#include <cstddef>
#include <vector>

#include "base/buffer.h"
#include "base/matrix.h"
#include "kernels/key_blocks.h"
#include "model/arch_spec.h"
#include "pellucid/result.h"

namespace pellucid {

// Room for the keys and values of one layer, not initialised.
class LayerKeys {
 public:
  LayerKeys() = default;
  // For `capacity` tokens and what fills up their last block.
  LayerKeys(std::size_t n_heads, std::size_t head_dim, std::size_t capacity);

  std::size_t capacity() const { return capacity_; }
  // Of one key-value head, `tokens` of them from `first`, which begins a block,
  // on.
  kernels::ConstKeyBlocks Keys(std::size_t head, std::size_t first,
                               std::size_t tokens) const;
  ConstMatrixView Values(std::size_t head, std::size_t first,
                         std::size_t tokens) const;  // [tokens, head_dim]

  // Copies rows of all heads, as projections give them, [tokens, n_heads *
  // head_dim], to the places of tokens first, first + 1, ...
  void Store(std::size_t first, ConstMatrixView keys, ConstMatrixView values);
  // Copies the first `tokens` of `from` to the places from `first`, which
  // begins a block, on.
  void CopyFrom(const LayerKeys& from, std::size_t tokens, std::size_t first);
  // Moves to room for `capacity` tokens, with the first `tokens`.
  void Grow(std::size_t tokens, std::size_t capacity);

 private:
  // All tokens of a head.
  kernels::KeyBlocks HeadKeys(std::size_t head);
  MatrixView HeadValues(std::size_t head);

  std::size_t n_heads_ = 0, head_dim_ = 0, capacity_ = 0;
  Buffer keys_;    // [n_heads * blocks, head_dim * 16]
  Buffer values_;  // [n_heads * capacity, head_dim]
};

// Of one sequence, all layers. Moves, and is not copied.
class KvCache {
 public:
  // Empty: takes no memory until something is reserved.
  explicit KvCache(const ArchSpec& spec);

  // Tokens held: the position of the next one.
  std::size_t length() const { return length_; }
  // The most tokens that it may hold: the model's context.
  std::size_t limit() const { return limit_; }
  // Tokens that there is room for.
  std::size_t capacity() const;

  // Makes room for `count` tokens behind those held. Grows by a quarter at
  // least, in pieces of 256 tokens, one layer after another, so that no second
  // copy of the whole is ever held. kUsage: more than the context. kFailed: not
  // enough memory; what is held stays.
  Status Reserve(std::size_t count);

  LayerKeys& layer(std::size_t i) { return layers_[i]; }
  const LayerKeys& layer(std::size_t i) const { return layers_[i]; }

  // Takes `count` tokens as held, whose rows are stored in every layer.
  void Extend(std::size_t count);
  // Forgets the tokens from position `length` on; there must be so many.
  void Truncate(std::size_t length);

 private:
  std::size_t n_heads_, head_dim_, limit_;
  std::size_t length_ = 0;
  std::vector<LayerKeys> layers_;
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_KV_CACHE_H_
