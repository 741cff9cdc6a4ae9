#include "model/families/gguf_weights.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/families/gguf_keys.h"
#include "model/families/weight_reader.h"

namespace pellucid::families {
namespace {

// Of a block: below "blk.N.".
constexpr std::array<GgufName, 24> kNames = {{
    {Point::kPosEmbed, "position_embd"},
    {Point::kEmbedNorm, "token_embd_norm"},
    {Point::kAttnNorm, "attn_norm"},
    {Point::kQkv, "attn_qkv"},
    {Point::kQuery, "attn_q"},
    {Point::kKey, "attn_k"},
    {Point::kValue, "attn_v"},
    {Point::kQueryNorm, "attn_q_norm"},
    {Point::kKeyNorm, "attn_k_norm"},
    {Point::kAttnProj, "attn_output"},
    {Point::kAttnPostNorm, "post_attention_norm"},
    {Point::kMlpNorm, "ffn_norm"},
    {Point::kGateUp, "ffn_up"},
    {Point::kGate, "ffn_gate"},
    {Point::kUp, "ffn_up"},
    {Point::kDown, "ffn_down"},
    {Point::kRouter, "ffn_gate_inp"},
    {Point::kSharedGate, "ffn_gate_shexp"},
    {Point::kSharedUp, "ffn_up_shexp"},
    {Point::kSharedDown, "ffn_down_shexp"},
    {Point::kSharedWeight, "ffn_gate_inp_shexp"},
    {Point::kMlpPostNorm, "post_ffw_norm"},
    {Point::kFinalNorm, "output_norm"},
    {Point::kHead, "output"},
}};

// Entry r: the row of the file, all queries, all keys, all values, that is row
// r of groups (QkvLayout::kGroups).
std::vector<std::uint32_t> GroupedRowOrder(const ArchSpec& spec) {
  const std::size_t dim = spec.head_dim;
  const std::size_t queries = spec.n_heads / spec.n_kv_heads * dim;
  std::vector<std::uint32_t> order;
  const auto append = [&order](std::size_t first, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      order.push_back(static_cast<std::uint32_t>(first + i));
    }
  };
  for (std::size_t group = 0; group < spec.n_kv_heads; ++group) {
    append(group * queries, queries);
    append(spec.QueryWidth() + group * dim, dim);
    append(spec.QueryWidth() + spec.KeyWidth() + group * dim, dim);
  }
  return order;
}

class GgufWeightReader : public WeightReader {
 public:
  GgufWeightReader(GgufLoader& loader, const WeightRules& rules, ArchSpec& spec,
                   std::span<const GgufName> names)
      : WeightReader(loader, rules, spec),
        gguf_loader_(loader),
        own_spec_(spec),
        names_(names) {}

  Result<Weights> Read();

 private:
  std::string NameOf(SiteKey key) const override;
  Status Head(Weights& weights);
  Status MakeOrders(Weights& weights);
  static void Order(std::span<const std::uint32_t> order, LinearWeights& w);
  Status Experts(std::size_t layer, MixtureWeights& w) override;
  // Stacked, or as older files have them one by one; nothing where they are
  // missing.
  Status ExpertMatrices(const std::string& prefix, std::size_t rows,
                        std::size_t cols, std::vector<WeightView>& to);

  GgufLoader& gguf_loader_;
  ArchSpec& own_spec_;  // whose vocabulary the embedding says
  std::span<const GgufName> names_;
};

std::string GgufWeightReader::NameOf(SiteKey key) const {
  // The converter writes "position_embd"; the format's text says this.
  if (key.point == Point::kPosEmbed && loader_.HasTensor("pos_embd.weight")) {
    return "pos_embd";
  }
  for (const std::span<const GgufName> table :
       {names_, std::span<const GgufName>(kNames)}) {
    for (const auto& [known, name] : table) {
      if (known != key.point) continue;
      return IsPerLayer(known) ? fmt::format("blk.{}.{}", key.layer, name)
                               : std::string(name);
    }
  }
  return "";
}

Status GgufWeightReader::Head(Weights& weights) {
  PELLUCID_RETURN_IF_ERROR(Norm(Name(Point::kFinalNorm), rules_.norm,
                                spec_.d_model, weights.final_norm));
  PELLUCID_RETURN_IF_ERROR(
      loader_.Keep(ReadUnembedding(gguf_loader_, spec_, weights)));
  return HeadBias(weights);
}

// The first block's shapes are checked before anything of their size is
// allocated.
Status GgufWeightReader::MakeOrders(Weights& weights) {
  const std::size_t d = spec_.d_model;
  const std::size_t queries = spec_.QueryWidth(), keys = spec_.KeyWidth();
  for (const auto& [point, rows] :
       {std::pair{Point::kQkv, queries + 2 * keys},
        std::pair{Point::kQuery, queries}, std::pair{Point::kKey, keys}}) {
    WeightView ignored;
    PELLUCID_RETURN_IF_ERROR(Matrix(Name(point), rows, d, ignored));
  }
  if (loader_.AnyMissing()) return {};
  if (rules_.interleaved_qk) {
    weights.query_order = InterleavedRowOrder(spec_.n_heads, spec_.head_dim);
    weights.key_order = InterleavedRowOrder(spec_.n_kv_heads, spec_.head_dim);
  }
  if (Has(Point::kQkv) && spec_.qkv_layout == QkvLayout::kGroups) {
    weights.qkv_order = GroupedRowOrder(spec_);
  }
  return {};
}

void GgufWeightReader::Order(std::span<const std::uint32_t> order,
                             LinearWeights& w) {
  if (w.empty() || order.empty()) return;
  w.weight.row_order = order;
  if (!w.bias.empty()) w.bias = Reordered(w.bias, order);
}

Status GgufWeightReader::Experts(std::size_t layer, MixtureWeights& w) {
  const std::size_t d = spec_.d_model, inner = spec_.experts.d_expert;
  const std::string block = fmt::format("blk.{}.ffn_", layer);
  std::vector<WeightView> gate, up, down;
  PELLUCID_RETURN_IF_ERROR(ExpertMatrices(block + "gate", inner, d, gate));
  PELLUCID_RETURN_IF_ERROR(ExpertMatrices(block + "up", inner, d, up));
  PELLUCID_RETURN_IF_ERROR(ExpertMatrices(block + "down", d, inner, down));
  if (gate.empty() || up.empty() || down.empty()) return {};
  for (std::size_t e = 0; e < spec_.experts.n_experts; ++e) {
    w.experts.push_back({gate[e], up[e], down[e]});
  }
  return {};
}

Status GgufWeightReader::ExpertMatrices(const std::string& prefix,
                                        std::size_t rows, std::size_t cols,
                                        std::vector<WeightView>& to) {
  const std::size_t count = spec_.experts.n_experts;
  const std::string stacked = prefix + "_exps.weight";
  if (loader_.HasTensor(stacked) || !loader_.HasTensor(prefix + ".0.weight")) {
    return loader_.Keep(loader_.Experts(stacked, count, rows, cols), to);
  }
  for (std::size_t e = 0; e < count; ++e) {
    PELLUCID_RETURN_IF_ERROR(
        Matrix(fmt::format("{}.{}", prefix, e), rows, cols, to.emplace_back()));
  }
  return {};
}

Result<Weights> GgufWeightReader::Read() {
  Weights weights;
  PELLUCID_ASSIGN_OR_RETURN(weights.embed,
                            ReadEmbedding(gguf_loader_, own_spec_));
  PELLUCID_RETURN_IF_ERROR(Positions(weights));
  PELLUCID_RETURN_IF_ERROR(Norm(Name(Point::kEmbedNorm), rules_.norm,
                                spec_.d_model, weights.embed_norm));
  PELLUCID_RETURN_IF_ERROR(MakeOrders(weights));
  PELLUCID_RETURN_IF_ERROR(Layers(weights));
  for (LayerWeights& layer : weights.layers) {
    Order(weights.qkv_order, layer.qkv);
    Order(weights.query_order, layer.query);
    Order(weights.key_order, layer.key);
  }
  PELLUCID_RETURN_IF_ERROR(Head(weights));
  if (loader_.AnyMissing()) {
    loader_.PassOver("rope_");  // what the family would read now
    PELLUCID_RETURN_IF_ERROR(loader_.CheckAllTaken());
  }
  return weights;
}

}  // namespace

Result<Weights> ReadGgufWeights(GgufLoader& loader, const WeightRules& rules,
                                ArchSpec& spec,
                                std::span<const GgufName> names) {
  return GgufWeightReader(loader, rules, spec, names).Read();
}

}  // namespace pellucid::families
