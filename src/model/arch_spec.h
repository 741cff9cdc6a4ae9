// An architecture as data: what varies between decoder-only transformers, as
// far as the families here need it. A family (families/*.cc) fills it in from
// a checkpoint; the one forward pass (forward.h) reads it. Which projections
// are fused, which biases and learned positions there are, is read off the
// weights (weights.h).
#ifndef PELLUCID_MODEL_ARCH_SPEC_H_
#define PELLUCID_MODEL_ARCH_SPEC_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "kernels/activation.h"
#include "trace/site_table.h"

namespace pellucid {

enum class NormKind {
  kRms,    // Zhang & Sennrich 2019
  kLayer,  // Ba, Kiros & Hinton 2016
};

struct ArchSpec {
  std::string architecture;  // Hugging Face's model_type
  std::size_t n_layers = 0;
  std::size_t d_model = 0;
  std::size_t n_heads = 0;
  std::size_t n_kv_heads = 0;  // divides n_heads; query head h reads kv head
                               // h / (n_heads / n_kv_heads)
  std::size_t head_dim = 0;
  std::size_t d_mlp = 0;
  std::size_t vocab_size = 0;      // rows of the unembedding
  std::size_t context_length = 0;  // most tokens of a prompt

  NormKind norm = NormKind::kRms;  // before attention, MLP and head
  float norm_eps = 0;
  std::vector<float> attention_scale;  // [n_layers], on the dots of queries
                                       // and keys
  std::size_t window = 0;       // keys visible from a query; 0: all before it
  std::vector<float> inv_freq;  // rotary: [head_dim / 2], radians a position;
                                // empty: no rotation
  kernels::Activation activation = kernels::Activation::kSilu;  // of the MLP

  ModuleNames modules;
  // What else was read, for people: (key, value).
  std::vector<std::pair<std::string, std::string>> details;

  std::size_t QueryWidth() const { return n_heads * head_dim; }
  std::size_t KeyWidth() const { return n_kv_heads * head_dim; }
  SiteSizes Sizes() const {
    return {n_layers, d_model,  n_heads, n_kv_heads,
            head_dim, head_dim, d_mlp,   vocab_size};
  }
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_ARCH_SPEC_H_
