// The parameters of a model, as the forward pass reads them: matrices in
// place, in the checkpoint's own element type; norms and biases, which are
// small, as float32.
#ifndef PELLUCID_MODEL_WEIGHTS_H_
#define PELLUCID_MODEL_WEIGHTS_H_

#include <cstdint>
#include <vector>

#include "base/matrix.h"

namespace pellucid {

struct LinearWeights {
  WeightView weight;        // [out, in]
  std::vector<float> bias;  // [out], or empty
};

struct NormWeights {
  std::vector<float> weight;  // [d_model]
  std::vector<float> bias;    // [d_model], or empty (RMSNorm has none)
};

struct LayerWeights {
  NormWeights attn_norm;
  // Queries, keys and values of one matrix, in this order: [n_heads * head_dim
  // + 2 * n_kv_heads * head_dim, d_model]. Empty where they are three.
  LinearWeights qkv;
  LinearWeights query;       // [n_heads * head_dim, d_model]
  LinearWeights key, value;  // [n_kv_heads * head_dim, d_model]
  LinearWeights attn_out;    // [d_model, n_heads * head_dim]
  NormWeights mlp_norm;
  LinearWeights gate;  // [d_mlp, d_model]; empty where the MLP has none
  LinearWeights up;    // [d_mlp, d_model]
  LinearWeights down;  // [d_model, d_mlp]
};

// Matrices point into the checkpoint, and row orders into this object, which
// therefore moves but is not copied.
struct Weights {
  WeightView embed;      // [vocab, d_model]
  WeightView positions;  // learned, [context, d_model]; or empty
  std::vector<LayerWeights> layers;
  NormWeights final_norm;
  WeightView unembed;  // [vocab, d_model]; `embed` where tied
  bool tied = false;
  // Row orders that WeightView::row_order of queries and keys points to.
  std::vector<std::uint32_t> query_order, key_order;

  Weights() = default;
  Weights(Weights&&) = default;
  Weights& operator=(Weights&&) = default;
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_WEIGHTS_H_
