// Keys of one head as attention reads them: blocks of 16 positions, in which
// each feature of all 16 comes after another, [blocks, head_dim, 16].
//
// So the scores of a query are lanes: each is a dot in the canonical order, and
// its partials are added up without a shuffle. With rows of 64 features side by
// side, adding them up took as long as the products.
#ifndef PELLUCID_KERNELS_KEY_BLOCKS_H_
#define PELLUCID_KERNELS_KEY_BLOCKS_H_

#include <cassert>
#include <cstddef>
#include <type_traits>

namespace pellucid::kernels {

inline constexpr std::size_t kKeysInBlock = 16;

constexpr std::size_t KeyBlockCount(std::size_t tokens) {
  return (tokens + kKeysInBlock - 1) / kKeysInBlock;
}

// A view, as MatrixViewT. Places of the last block beyond `tokens` hold any
// numbers, but hold some.
template <typename Float>
struct KeyBlocksT {
  Float* data = nullptr;
  std::size_t tokens = 0;
  std::size_t head_dim = 0;

  KeyBlocksT() = default;
  KeyBlocksT(Float* d, std::size_t t, std::size_t dim)
      : data(d), tokens(t), head_dim(dim) {}
  operator KeyBlocksT<const Float>() const requires(!std::is_const_v<Float>) {
    return {data, tokens, head_dim};
  }

  // [head_dim, 16].
  Float* Block(std::size_t b) const {
    assert(b < KeyBlockCount(tokens));
    return data + b * head_dim * kKeysInBlock;
  }
  Float& At(std::size_t token, std::size_t feature) const {
    assert(token < tokens && feature < head_dim);
    return Block(token /
                 kKeysInBlock)[feature * kKeysInBlock + token % kKeysInBlock];
  }
};

using KeyBlocks = KeyBlocksT<float>;
using ConstKeyBlocks = KeyBlocksT<const float>;

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_KEY_BLOCKS_H_
