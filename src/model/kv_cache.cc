#include "model/kv_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/checked.h"
#include "base/out_of_memory.h"

namespace pellucid {
namespace {

using kernels::kKeysInBlock;

constexpr std::size_t kPiece = 256;  // tokens

std::size_t RoundUpToBlocks(std::size_t tokens) {
  return kernels::KeyBlockCount(tokens) * kKeysInBlock;
}

// Room for `needed` tokens and a quarter of those held, in whole pieces: growth
// copies each token a few times at most, however long the sequence gets.
std::size_t CapacityFor(std::size_t held, std::size_t needed,
                        std::size_t limit) {
  const std::size_t wanted = std::max(needed, held + held / 4);
  if (wanted > limit || limit - wanted < kPiece) return limit;
  return (wanted + kPiece - 1) / kPiece * kPiece;
}

// Whether keys and values of a layer can be counted in bytes at all.
bool Countable(std::size_t rows, std::size_t tokens, std::size_t head_dim) {
  const auto numbers = CheckedMultiply(rows, tokens);
  const auto row_bytes = CheckedMultiply(head_dim, sizeof(float));
  if (!numbers || !row_bytes) return false;
  const auto bytes = CheckedMultiply(*numbers, *row_bytes);
  return bytes && *bytes <= std::numeric_limits<std::size_t>::max() / 2;
}

}  // namespace

LayerKeys::LayerKeys(std::size_t n_heads, std::size_t head_dim,
                     std::size_t capacity)
    : n_heads_(n_heads),
      head_dim_(head_dim),
      capacity_(RoundUpToBlocks(capacity)),
      keys_(n_heads * capacity_ / kKeysInBlock, head_dim * kKeysInBlock),
      values_(n_heads * capacity_, head_dim) {}

kernels::KeyBlocks LayerKeys::HeadKeys(std::size_t head) {
  const std::size_t floats = capacity_ * head_dim_;
  return {keys_.view().data + head * floats, capacity_, head_dim_};
}

MatrixView LayerKeys::HeadValues(std::size_t head) {
  return values_.view().Rows(head * capacity_, capacity_);
}

kernels::ConstKeyBlocks LayerKeys::Keys(std::size_t head, std::size_t first,
                                        std::size_t tokens) const {
  assert(first % kKeysInBlock == 0 && first + tokens <= capacity_);
  const std::size_t at = (head * capacity_ + first) * head_dim_;
  return {keys_.view().data + at, tokens, head_dim_};
}

ConstMatrixView LayerKeys::Values(std::size_t head, std::size_t first,
                                  std::size_t tokens) const {
  return values_.view().Rows(head * capacity_ + first, tokens);
}

void LayerKeys::Store(std::size_t first, ConstMatrixView keys,
                      ConstMatrixView values) {
  assert(keys.cols == n_heads_ * head_dim_ && values.cols == keys.cols);
  assert(values.rows == keys.rows && first + keys.rows <= capacity_);
  for (std::size_t head = 0; head < n_heads_; ++head) {
    const kernels::KeyBlocks to_keys = HeadKeys(head);
    const MatrixView to_values = HeadValues(head);
    const std::size_t from = head * head_dim_;
    for (std::size_t t = 0; t < keys.rows; ++t) {
      const std::size_t at = first + t;
      if (at % kKeysInBlock == 0) {
        // Places that no token takes are multiplied too: they hold numbers.
        std::fill_n(to_keys.Block(at / kKeysInBlock), head_dim_ * kKeysInBlock,
                    0.0f);
      }
      const float* key = keys.Row(t) + from;
      float* to_key = &to_keys.At(at, 0);
      for (std::size_t d = 0; d < head_dim_; ++d) {
        to_key[d * kKeysInBlock] = key[d];
      }
      std::copy_n(values.Row(t) + from, head_dim_, to_values.Row(at));
    }
  }
}

void LayerKeys::CopyFrom(const LayerKeys& from, std::size_t tokens,
                         std::size_t first) {
  assert(first % kKeysInBlock == 0 && tokens <= from.capacity_);
  assert(first + RoundUpToBlocks(tokens) <= capacity_);
  const std::size_t keys = RoundUpToBlocks(tokens) * head_dim_;
  for (std::size_t head = 0; head < n_heads_ && tokens > 0; ++head) {
    std::copy_n(from.Keys(head, 0, tokens).data, keys,
                HeadKeys(head).data + first * head_dim_);
    std::copy_n(from.Values(head, 0, tokens).data, tokens * head_dim_,
                HeadValues(head).data + first * head_dim_);
  }
}

void LayerKeys::Grow(std::size_t tokens, std::size_t capacity) {
  assert(tokens <= capacity_ && capacity_ <= capacity);
  LayerKeys grown(n_heads_, head_dim_, capacity);
  grown.CopyFrom(*this, tokens, 0);
  *this = std::move(grown);
}

KvCache::KvCache(const ArchSpec& spec)
    : n_heads_(spec.n_kv_heads),
      head_dim_(spec.head_dim),
      limit_(spec.context_length) {
  layers_.reserve(spec.n_layers);
  for (std::size_t i = 0; i < spec.n_layers; ++i) {
    layers_.emplace_back(n_heads_, head_dim_, 0);
  }
}

std::size_t KvCache::capacity() const {
  // Layers differ where memory ran out between two of them.
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const LayerKeys& layer : layers_) {
    least = std::min(least, layer.capacity());
  }
  return least;
}

Status KvCache::Reserve(std::size_t count) {
  if (count > limit_ - length_) {
    return UsageError(fmt::format(
        "run: KV cache: {} more tokens behind {}, but the model's context is "
        "{}; run fewer",
        count, length_, limit_));
  }
  const std::size_t needed = length_ + count;
  if (needed <= capacity()) return {};
  const std::size_t capacity = CapacityFor(length_, needed, limit_);
  if (!Countable(n_heads_, capacity, head_dim_)) {
    return FailedError(fmt::format(
        "run: KV cache: {} tokens of {} heads of {} are more than memory "
        "can be; run fewer",
        capacity, n_heads_, head_dim_));
  }
  return CatchOutOfMemory("run", [&]() -> Status {
    for (LayerKeys& layer : layers_) {
      if (layer.capacity() < needed) layer.Grow(length_, capacity);
    }
    return {};
  });
}

void KvCache::Extend(std::size_t count) {
  assert(length_ + count <= capacity());
  length_ += count;
}

void KvCache::Truncate(std::size_t length) {
  assert(length <= length_);
  length_ = length;
}

}  // namespace pellucid
