// An architecture as data: what varies between decoder-only transformers. A
// family (families/*.cc) fills it in from a checkpoint; the one forward pass
// (forward.h) reads it. Which norms, biases and projections there are, and
// which of them are fused, is read off the weights (weights.h).
#ifndef PELLUCID_MODEL_ARCH_SPEC_H_
#define PELLUCID_MODEL_ARCH_SPEC_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/activation.h"
#include "model/rope_spec.h"
#include "trace/site_table.h"

namespace pellucid {

enum class NormKind {
  kRms,    // Zhang & Sennrich 2019
  kLayer,  // Ba, Kiros & Hinton 2016
};

// How the rows of a fused projection of queries, keys and values lie.
enum class QkvLayout {
  kRows,    // all queries, all keys, all values
  kGroups,  // for each key-value head its queries, its key, its value
};

// What the norms of queries and keys take together.
enum class QkNorm {
  kPerHead,  // each head by itself; weights of one head, or of all
  kWhole,    // the features of all heads
};

// What a block adds to the residual stream, and when.
enum class BlockOrder {
  kSequential,  // x += attention(x), then x += mlp(x)
  kParallel,    // x += attention(x) + mlp(x)
};

// What differs from block to block.
struct LayerSpec {
  float attention_scale = 1;  // on the dots of queries and keys
  std::size_t window = 0;     // keys visible from a query; 0: all before it
  // Index into ArchSpec::ropes; nothing: positions are not rotated in.
  std::optional<std::size_t> rope = 0;
  bool has_experts = false;  // the MLP is a mixture of experts
};

// Attention with linear biases (Press et al. 2022): slope times the position of
// the key is added to a score.
struct AlibiSpec {
  std::vector<float> slopes;  // [n_heads]; empty: none
  // Falcon: slopes, positions and products are rounded to bfloat16, and the
  // attention scale multiplies them too.
  bool falcon = false;
};

// A mixture of experts (Shazeer et al. 2017). A router's softmax chooses
// n_active of n_experts; their outputs are added, weighted by it.
struct ExpertsSpec {
  std::size_t n_experts = 0;
  std::size_t n_active = 0;
  std::size_t d_expert = 0;
  bool renormalise = false;  // the weights of the chosen sum to 1
  std::size_t d_shared = 0;  // of an expert that sees every token; 0: none
};

// What is done to the dots of the unembedding, in this order, where it is not
// neutral: + bias (Weights::head_bias), times `multiplier`, over `divisor`, cap
// * tanh(x / cap).
struct LogitSpec {
  float multiplier = 1;
  float divisor = 1;
  float cap = 0;  // 0: none
};

struct ArchSpec {
  std::string architecture;  // Hugging Face's model_type
  std::size_t n_layers = 0;
  std::size_t d_model = 0;
  std::size_t d_embed = 0;  // width of the embeddings and of the unembedding;
                            // 0: d_model
  std::size_t n_heads = 0;
  std::size_t n_kv_heads = 0;  // divides n_heads; query head h reads kv head
                               // h / (n_heads / n_kv_heads)
  std::size_t head_dim = 0;
  std::size_t d_mlp = 0;           // of blocks without experts
  std::size_t vocab_size = 0;      // rows of the unembedding
  std::size_t context_length = 0;  // most tokens of a prompt

  // Into the blocks.
  float embed_scale = 1;                 // multiplies the token embedding
  bool scales_inside_embedding = false;  // the module's output has it already
  AlibiSpec alibi;
  std::vector<RopeSpec> ropes;

  // The blocks.
  NormKind norm = NormKind::kRms;  // of every norm
  float norm_eps = 0;
  BlockOrder order = BlockOrder::kSequential;
  bool norm_after_add = false;      // the norm of a part takes the stream after
                                    // it, and is the stream (OPT 350M)
  bool residual_from_norm = false;  // a part is added to its normed input
  bool modules_add_residual = false;  // where modules end: BLOOM's give the
                                      // stream, others what is added to it
  float residual_multiplier = 1;      // of what is added to the stream
  QkvLayout qkv_layout = QkvLayout::kRows;
  QkNorm qk_norm = QkNorm::kPerHead;
  float score_cap = 0;  // cap * tanh(score / cap); 0: none
  kernels::Activation activation = kernels::Activation::kSilu;  // of the MLP
  ExpertsSpec experts;
  std::vector<LayerSpec> layers;  // [n_layers]

  LogitSpec logits;

  ModuleNames modules;
  // What else was read, for people: (key, value).
  std::vector<std::pair<std::string, std::string>> details;

  std::size_t EmbedWidth() const { return d_embed == 0 ? d_model : d_embed; }
  std::size_t QueryWidth() const { return n_heads * head_dim; }
  std::size_t KeyWidth() const { return n_kv_heads * head_dim; }
  SiteSizes Sizes() const {
    SiteSizes sizes{.n_layers = n_layers,
                    .d_model = d_model,
                    .d_embed = EmbedWidth(),
                    .n_heads = n_heads,
                    .n_kv_heads = n_kv_heads,
                    .head_dim = head_dim,
                    .rotary_dim = ropes.empty() ? 0 : ropes.front().dims,
                    .d_mlp = d_mlp,
                    .vocab_size = vocab_size,
                    .parallel = order == BlockOrder::kParallel,
                    .norms_whole_qk = qk_norm == QkNorm::kWhole,
                    .modules_add_residual = modules_add_residual,
                    .n_experts = experts.n_experts,
                    .d_shared = experts.d_shared};
    for (const LayerSpec& layer : layers) {
      sizes.has_experts.push_back(layer.has_experts);
    }
    return sizes;
  }
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_ARCH_SPEC_H_
