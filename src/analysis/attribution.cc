// Direct logit attribution: the run, and the terms in the order of the run.
// Where they come from: attribution_head.h (final norm and unembedding),
// attribution_walk.h (blocks), attribution_parts.h (heads and neurons).
#include "pellucid/attribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "analysis/attribution_head.h"
#include "analysis/attribution_parts.h"
#include "analysis/attribution_walk.h"
#include "analysis/position_rows.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "model/model_impl.h"

namespace pellucid {
namespace {

// What bounds leave out: products of two roundings.
constexpr double kSecondOrder = 1.01;

Status CheckToken(const Model::Impl& model, std::string_view what, TokenId id) {
  const std::size_t vocab = model.spec.vocab_size;
  if (id >= 0 && static_cast<std::size_t>(id) < vocab) return {};
  return UsageError(fmt::format(
      "attr: {} id {}: is not within the model's vocabulary; choose "
      "one of 0 to {}",
      what, id, vocab - 1));
}

Status CheckOptions(const Model::Impl& model,
                    const AttributionOptions& options) {
  PELLUCID_RETURN_IF_ERROR(CheckToken(model, "answer", options.answer));
  if (options.foil) {
    PELLUCID_RETURN_IF_ERROR(CheckToken(model, "foil", *options.foil));
    if (*options.foil == options.answer) {
      return UsageError(fmt::format(
          "attr: foil id {}: is the answer itself, so that their difference is "
          "0; choose another token",
          options.answer));
    }
  }
  if (options.top_neurons > 0) return {};
  return UsageError("attr: neurons: 0 are to be listed; give 1 or more");
}

Result<std::size_t> OnePosition(const Selection& position, std::size_t tokens) {
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<std::size_t> found,
                            position.Resolve(tokens));
  if (found.size() == 1) return found.front();
  return UsageError(fmt::format(
      "attr: position: {} positions are chosen; choose one", found.size()));
}

// The terms of one run.
class Terms {
 public:
  Terms(const Model::Impl& model, const AttributionOptions& options,
        const PositionRows& rows, const StreamShares& shares)
      : model_(model), options_(options), rows_(rows), shares_(shares) {}

  // Those of the stream; `split`: [n_layers], blocks that are taken apart.
  void AddStream(const std::vector<bool>& split) {
    Add(TermKind::kEmbed, -1, shares_.tokens);
    if (!model_.weights.positions.empty()) {
      Add(TermKind::kPositions, -1, shares_.positions);
    }
    if (!model_.weights.embed_norm.bias.empty()) {
      Add(TermKind::kEmbedNormBias, -1, shares_.embed_norm_bias);
    }
    if (options_.by == AttributionBy::kNeuron) SplitIntoNeurons(split);
    for (std::size_t layer = 0; layer < shares_.blocks.size(); ++layer) {
      AddBlock(layer, split[layer]);
    }
  }
  void AddBias(TermKind kind, const std::optional<double>& value) {
    if (value) Add(kind, -1, *value);
  }

  double rounding() const { return rounding_; }
  std::vector<AttributionTerm> Take() { return std::move(terms_); }

 private:
  void Add(TermKind kind, int layer, double value) {
    terms_.push_back({.kind = kind, .layer = layer, .value = value});
  }

  void AddBlock(std::size_t layer, bool split) {
    const BlockShare& share = shares_.blocks[layer];
    const auto at = static_cast<int>(layer);
    if (split && options_.by == AttributionBy::kHead) {
      AddHeads(layer);
    } else {
      Add(TermKind::kAttention, at, share.attention.value);
    }
    if (split && options_.by == AttributionBy::kNeuron) {
      AddNeurons(layer);
    } else {
      Add(TermKind::kMlp, at, share.mlp.value);
    }
    if (model_.spec.residual_from_norm || model_.spec.norm_after_add) {
      Add(TermKind::kNormBias, at, share.norm_bias);
    }
  }

  void AddHeads(std::size_t layer) {
    const HeadParts parts =
        SplitHeads(model_.context(), rows_, layer,
                   shares_.blocks[layer].attention, options_.stop);
    rounding_ += parts.rounding;
    for (std::size_t head = 0; head < parts.heads.size(); ++head) {
      terms_.push_back({.kind = TermKind::kHead,
                        .layer = static_cast<int>(layer),
                        .head = head,
                        .value = parts.heads[head]});
    }
    const LayerWeights& w = model_.weights.layers[layer];
    if (w.attn_out.bias.empty() && w.attn_post_norm.bias.empty()) return;
    Add(TermKind::kAttentionBias, static_cast<int>(layer), parts.bias);
  }

  // Finds the greatest neurons of all blocks, holding those of one at a time.
  void SplitIntoNeurons(const std::vector<bool>& split) {
    blocks_.resize(split.size());
    for (std::size_t layer = 0; layer < split.size(); ++layer) {
      if (!split[layer] || options_.stop.stop_requested()) continue;
      NeuronParts& parts = blocks_[layer];
      parts = SplitNeurons(model_.context(), rows_, layer,
                           shares_.blocks[layer].mlp, options_.top_neurons,
                           options_.stop);
      rounding_ += parts.rounding;
      top_.insert(top_.end(), parts.top.begin(), parts.top.end());
      std::ranges::sort(top_,
                        [](const auto& a, const auto& b) { return a < b; });
      if (top_.size() > options_.top_neurons) top_.resize(options_.top_neurons);
      parts.top.clear();
    }
    std::ranges::sort(top_, [](const NeuronPart& a, const NeuronPart& b) {
      return std::tie(a.layer, a.expert, a.neuron) <
             std::tie(b.layer, b.expert, b.neuron);
    });
  }

  void AddNeurons(std::size_t layer) {
    const NeuronParts& parts = blocks_[layer];
    const auto at = static_cast<int>(layer);
    double others = parts.sum;
    std::size_t listed = 0;
    for (const NeuronPart& part : top_) {
      if (part.layer != layer) continue;
      terms_.push_back({.kind = TermKind::kNeuron,
                        .layer = at,
                        .neuron = part.neuron,
                        .expert = part.expert,
                        .value = part.value});
      others -= part.value;
      ++listed;
    }
    if (listed < parts.neurons) Add(TermKind::kOtherNeurons, at, others);
    const LayerWeights& w = model_.weights.layers[layer];
    if (w.down.bias.empty() && w.mlp_post_norm.bias.empty()) return;
    Add(TermKind::kMlpBias, at, parts.bias);
  }

  const Model::Impl& model_;
  const AttributionOptions& options_;
  const PositionRows& rows_;
  const StreamShares& shares_;
  std::vector<AttributionTerm> terms_;
  std::vector<NeuronParts> blocks_;  // [n_layers], without their neurons
  std::vector<NeuronPart> top_;
  double rounding_ = 0;
};

std::vector<bool> Marked(const std::vector<std::size_t>& indices,
                         std::size_t count) {
  std::vector<bool> out(count);
  for (const std::size_t i : indices) out[i] = true;
  return out;
}

// Everything behind the run.
Result<Attribution> TakeApart(const Model::Impl& model,
                              const AttributionOptions& options,
                              const PositionRows& rows,
                              std::span<const float> residual,
                              const std::vector<bool>& split) {
  HeadShare head =
      TakeHeadApart(model.context(), residual, options.answer, options.foil);
  const StreamShares shares = FollowBack(
      model.spec, model.weights, rows, residual, std::move(head.direction),
      /*keep_directions=*/options.by != AttributionBy::kBlock);
  Terms terms(model, options, rows, shares);
  terms.AddStream(split);
  terms.AddBias(TermKind::kFinalNormBias, head.final_norm_bias);
  terms.AddBias(TermKind::kProjectOutBias, head.project_out_bias);
  terms.AddBias(TermKind::kUnembedBias, head.unembed_bias);
  if (options.stop.stop_requested()) return CancelledError("attr: stopped");
  Attribution out;
  out.by = options.by;
  out.answer = head.answer;
  out.foil = head.foil;
  out.value = head.value;
  out.norm_scale = head.norm_scale;
  out.bound =
      kSecondOrder * (head.rounding + shares.rounding + terms.rounding());
  out.terms = terms.Take();
  for (const AttributionTerm& term : out.terms) out.sum += term.value;
  out.residue = out.value - out.sum;
  return out;
}

Result<Attribution> Attribute(const Model& model, std::span<const TokenId> ids,
                              const AttributionOptions& options) {
  const FloatEnvironment environment;
  const Model::Impl& impl = model.impl();
  const std::vector<TokenId> prompt(ids.begin(), ids.end());
  PELLUCID_RETURN_IF_ERROR(impl.CheckPrompts({&prompt, 1}));
  PELLUCID_RETURN_IF_ERROR(CheckOptions(impl, options));
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t position,
                            OnePosition(options.position, prompt.size()));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<std::size_t> layers,
                            options.layers.Resolve(impl.spec.n_layers));
  PositionRows rows(position, impl.spec.n_layers, {});
  AddStreamPoints(rows);
  if (options.by == AttributionBy::kHead) AddHeadPoints(rows);
  if (options.by == AttributionBy::kNeuron) AddNeuronPoints(rows);
  PELLUCID_ASSIGN_OR_RETURN(const Forwarded done,
                            RunForward(impl.context(), Pack({&prompt, 1}),
                                       {.probe = &rows,
                                        .stop = options.stop,
                                        .progress = options.progress}));
  PELLUCID_ASSIGN_OR_RETURN(
      Attribution out,
      TakeApart(impl, options, rows,
                std::as_const(done.residual).view().RowSpan(position),
                Marked(layers, impl.spec.n_layers)));
  out.ids = prompt;
  out.position = position;
  return out;
}

}  // namespace

std::string_view TermKindName(TermKind kind) {
  switch (kind) {
    case TermKind::kEmbed:
      return "embed";
    case TermKind::kPositions:
      return "pos_embed";
    case TermKind::kEmbedNormBias:
      return "embed_norm_bias";
    case TermKind::kAttention:
      return "attn";
    case TermKind::kHead:
      return "head";
    case TermKind::kAttentionBias:
      return "attn_bias";
    case TermKind::kMlp:
      return "mlp";
    case TermKind::kNeuron:
      return "neuron";
    case TermKind::kOtherNeurons:
      return "other_neurons";
    case TermKind::kMlpBias:
      return "mlp_bias";
    case TermKind::kNormBias:
      return "norm_bias";
    case TermKind::kFinalNormBias:
      return "final_norm_bias";
    case TermKind::kProjectOutBias:
      return "project_out_bias";
    case TermKind::kUnembedBias:
      return "unembed_bias";
  }
  return "";
}

Result<Attribution> AttributeLogit(const Model& model,
                                   std::span<const TokenId> ids,
                                   const AttributionOptions& options) {
  return CatchOutOfMemory("attr",
                          [&] { return Attribute(model, ids, options); });
}

}  // namespace pellucid
