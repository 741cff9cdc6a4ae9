// pellucid/attribution.h - which part of a model made a logit what it is.
//
// Direct logit attribution. The final residual state is the sum of what the
// embeddings, each attention module and each MLP added; final norm and
// unembedding are linear once the norm's scale is taken as the one that the run
// really had. So a logit (or a difference of two), before a final soft-cap, is
// a sum of one number a part (Elhage et al. 2021; TransformerLens'
// logit_attrs):
//
//   logit[v] = sum over parts c of <c, g>  +  biases,
//   g = unembedding[v] * norm weight / norm scale, less its mean for LayerNorm
//
// An attention module's part is in turn the sum of its heads' (through their
// slice of the output projection), an MLP's that of its neurons (through their
// column of the down-projection). "Direct" because what a part does by way of
// later parts counts as theirs. Norms behind modules, behind sums or on the
// stream itself are linear in the same sense: each is taken with the scale that
// it had.
//
//   Attribution a = AttributeLogit(model, ids, {.answer = paris}).value();
//   for (const AttributionTerm& term : a.terms) Use(term.layer, term.value);
#ifndef PELLUCID_ATTRIBUTION_H_
#define PELLUCID_ATTRIBUTION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "pellucid/export.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/selection.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"  // Progress

namespace pellucid {

// How far a sum is taken apart.
enum class AttributionBy : std::uint8_t {
  kBlock,   // each attention module and each MLP
  kHead,    // attention into heads
  kNeuron,  // MLPs into neurons
};

// What a term is of. The comments say where it is there.
enum class TermKind : std::uint8_t {
  kEmbed,          // the token's embedding
  kPositions,      // learned position embedding
  kEmbedNormBias,  // bias of the norm of both (BLOOM)
  kAttention,      // what an attention module adds
  kHead,           // of that, one head's
  kAttentionBias,  // of that, the biases of output projection and post-norm
  kMlp,            // what an MLP adds
  kNeuron,         // of that, one neuron's
  kOtherNeurons,   // of that, those together that have no term of their own
  kMlpBias,        // of that, the biases of down-projection and post-norm
  kNormBias,       // bias of a block's norm that stands on the stream itself
  kFinalNormBias,
  kProjectOutBias,  // of the projection to the width of the unembedding
  kUnembedBias,
};

// The kind's name in JSON: "embed", "pos_embed", "embed_norm_bias", "attn",
// "head", "attn_bias", "mlp", "neuron", "other_neurons", "mlp_bias",
// "norm_bias", "final_norm_bias", "project_out_bias", "unembed_bias".
PELLUCID_API std::string_view TermKindName(TermKind kind);

// What one part adds.
struct AttributionTerm {
  TermKind kind = TermKind::kEmbed;
  int layer = -1;                          // -1: of no block
  std::optional<std::size_t> head = {};    // of kHead
  std::optional<std::size_t> neuron = {};  // of kNeuron: its index within the
                                           // MLP, or within its expert
  std::optional<std::size_t> expert = {};  // of kNeuron in a mixture; n_experts
                                           // is the one that sees every token
  double value = 0;                        // logits
};

// What AttributeLogit takes apart.
struct AttributionOptions {
  TokenId answer = 0;
  std::optional<TokenId> foil = {};  // the answer's logit less this one's
  AttributionBy by = AttributionBy::kBlock;
  Selection layers = {};  // blocks that are taken apart; others stay whole
  Selection position = Selection::Last();  // exactly one
  std::size_t top_neurons = 10;  // terms of single neurons, those that are
                                 // greatest either way; 1 or more
  std::stop_token stop = {};
  Progress progress = {};
};

// The logits of one token at the position.
struct AttributedLogit {
  TokenId id = 0;
  float logit = 0;       // the model's
  float before_cap = 0;  // the same where there is no final soft-cap
};

// The terms of one logit or difference. Owns its data.
struct Attribution {
  std::vector<TokenId> ids;  // the input, [tokens]
  std::size_t position = 0;
  AttributionBy by = AttributionBy::kBlock;
  AttributedLogit answer;
  std::optional<AttributedLogit> foil;
  double value = 0;    // before_cap of the answer, less that of the foil
  double sum = 0;      // of all terms
  double residue = 0;  // value - sum: what float32 rounded away on the run
  double bound = 0;    // |residue| is at most this: the roundings of the run,
                       // each at its worst (docs/attribution.md)
  double norm_scale = 1;  // what the final norm multiplied by, 1 / its root
  std::vector<AttributionTerm> terms;  // in the order of the run
};

// Runs `ids` and takes the logit apart, in float64. Costs a forward pass, and
// by head or neuron one pass over the output or down-projections; memory for
// a row of each block. kUsage: what Model::Run refuses, a token outside the
// vocabulary, an answer that is its own foil, a layer or position that is not
// there, more than one position. kModel, kCancelled: as Model::Run.
PELLUCID_API Result<Attribution> AttributeLogit(
    const Model& model, std::span<const TokenId> ids,
    const AttributionOptions& options);

}  // namespace pellucid

#endif  // PELLUCID_ATTRIBUTION_H_
