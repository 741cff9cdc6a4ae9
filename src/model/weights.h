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

  bool empty() const { return weight.empty(); }
};

// Empty: there is no such norm.
struct NormWeights {
  std::vector<float> weight;  // [features]
  std::vector<float> bias;    // [features], or empty (RMSNorm has none)

  bool empty() const { return weight.empty(); }
};

// One gated MLP of a mixture.
struct ExpertWeights {
  WeightView gate;  // [d_expert, d_model]
  WeightView up;    // [d_expert, d_model]
  WeightView down;  // [d_model, d_expert]
};

// A mixture of experts (ExpertsSpec); empty in a block without.
struct MixtureWeights {
  LinearWeights router;                // [n_experts, d_model]
  std::vector<ExpertWeights> experts;  // [n_experts]
  ExpertWeights shared;                // of d_shared features; or empty
  WeightView shared_weight;            // [1, d_model]; or empty
};

struct LayerWeights {
  NormWeights attn_norm;  // empty: attention reads the stream as it is
  // Queries, keys and values of one matrix (QkvLayout): [n_heads * head_dim
  // + 2 * n_kv_heads * head_dim, d_model]. Empty where they are three.
  LinearWeights qkv;
  LinearWeights query;       // [n_heads * head_dim, d_model]
  LinearWeights key, value;  // [n_kv_heads * head_dim, d_model]
  // Before the rotation (QkNorm): of the features of one head, or of all.
  NormWeights query_norm, key_norm;
  LinearWeights attn_out;      // [d_model, n_heads * head_dim]
  NormWeights attn_post_norm;  // of what attention adds
  // Empty: the MLP reads the stream as it is, in a parallel block what
  // attention reads.
  NormWeights mlp_norm;
  LinearWeights gate_up;  // [2 * d_mlp, d_model], gate first; or empty
  LinearWeights gate;     // [d_mlp, d_model]; empty where the MLP has none
  LinearWeights up;       // [d_mlp, d_model]
  LinearWeights down;     // [d_model, d_mlp]
  MixtureWeights mixture;
  NormWeights mlp_post_norm;  // of what the MLP adds
};

// Matrices point into the checkpoint, and row orders into this object, which
// therefore moves but is not copied.
struct Weights {
  WeightView embed;          // [vocab, d_embed]
  LinearWeights project_in;  // [d_model, d_embed]; or empty
  WeightView positions;      // learned, [context, d_model]; or empty
  NormWeights embed_norm;    // of what enters block 0; or empty
  std::vector<LayerWeights> layers;
  NormWeights final_norm;        // or empty
  LinearWeights project_out;     // [d_embed, d_model]; or empty
  WeightView unembed;            // [vocab, d_embed]; `embed` where tied
  std::vector<float> head_bias;  // [vocab]; or empty
  bool tied = false;
  // Row orders that WeightView::row_order of queries, keys, and of the three in
  // one, points to.
  std::vector<std::uint32_t> query_order, key_order, qkv_order;

  Weights() = default;
  Weights(Weights&&) = default;
  Weights& operator=(Weights&&) = default;
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_WEIGHTS_H_
