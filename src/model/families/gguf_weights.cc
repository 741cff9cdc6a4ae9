#include "model/families/gguf_weights.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kernels/decode.h"
#include "model/families/gguf_keys.h"

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

class GgufWeightReader {
 public:
  GgufWeightReader(GgufLoader& loader, const WeightRules& rules, ArchSpec& spec,
                   std::span<const GgufName> names)
      : loader_(loader), rules_(rules), spec_(spec), names_(names) {}

  Result<Weights> Read();

 private:
  using Bias = WeightRules::Bias;

  bool Has(Point point) const { return !spec_.modules[point].empty(); }
  // What the file calls a module, or "" where the family has none.
  std::string Name(Point point) const;
  std::string LayerName(std::size_t layer, Point point) const;

  Status Norm(const std::string& name, NormForm form, std::size_t size,
              NormWeights& to);
  Status HeadNorm(const std::string& name, std::size_t heads, NormWeights& to);
  Status Linear(const std::string& name, std::size_t rows, std::size_t cols,
                Bias bias, LinearWeights& to);
  Status Positions(Weights& weights);
  Status Head(Weights& weights);
  Status MakeOrders(Weights& weights);
  static void Order(std::span<const std::uint32_t> order, LinearWeights& w);
  Result<LayerWeights> Layer(std::size_t layer, const Weights& weights);
  Status Attention(std::size_t layer, const Weights& weights, LayerWeights& w);
  Status DenseMlp(std::size_t layer, LayerWeights& w);
  Status Mixture(std::size_t layer, MixtureWeights& w);
  // Stacked, or as older files have them one by one.
  Result<std::vector<WeightView>> Experts(std::size_t layer,
                                          std::string_view name,
                                          std::size_t rows, std::size_t cols);

  GgufLoader& loader_;
  const WeightRules& rules_;
  ArchSpec& spec_;
  std::span<const GgufName> names_;
};

std::string GgufWeightReader::Name(Point point) const {
  if (!Has(point)) return "";
  for (const std::span<const GgufName> table :
       {names_, std::span<const GgufName>(kNames)}) {
    for (const auto& [known, name] : table) {
      if (known == point) return std::string(name);
    }
  }
  return "";
}

std::string GgufWeightReader::LayerName(std::size_t layer, Point point) const {
  const std::string name = Name(point);
  return name.empty() ? "" : fmt::format("blk.{}.{}", layer, name);
}

Status GgufWeightReader::Norm(const std::string& name, NormForm form,
                              std::size_t size, NormWeights& to) {
  if (name.empty()) return {};
  if (form == NormForm::kNothing) {
    to.weight.assign(size, 1.0f);
    return {};
  }
  PELLUCID_ASSIGN_OR_RETURN(to, form == NormForm::kWeightAndBias
                                    ? loader_.LayerNorm(name, size)
                                    : loader_.RmsNorm(name, size));
  return {};
}

Status GgufWeightReader::HeadNorm(const std::string& name, std::size_t heads,
                                  NormWeights& to) {
  if (name.empty()) return {};
  const std::size_t dim = spec_.head_dim;
  if (spec_.qk_norm == QkNorm::kWhole) {
    return Norm(name, rules_.qk_norm, heads * dim, to);
  }
  if (!rules_.qk_norm_by_head) return Norm(name, rules_.qk_norm, dim, to);
  PELLUCID_ASSIGN_OR_RETURN(const WeightView matrix,
                            loader_.Matrix(name + ".weight", heads, dim));
  to.weight.resize(heads * dim);
  kernels::DecodeRows(matrix, 0, {to.weight.data(), heads, dim});
  return {};
}

Status GgufWeightReader::Linear(const std::string& name, std::size_t rows,
                                std::size_t cols, Bias bias,
                                LinearWeights& to) {
  if (name.empty()) return {};
  PELLUCID_ASSIGN_OR_RETURN(to, loader_.Linear(name, rows, cols, bias));
  return {};
}

// The converter writes "position_embd"; the format's text says "pos_embd".
Status GgufWeightReader::Positions(Weights& weights) {
  if (!Has(Point::kPosEmbed)) return {};
  const bool by_text = loader_.HasTensor("pos_embd.weight");
  const std::size_t skipped = rules_.skipped_positions;
  PELLUCID_ASSIGN_OR_RETURN(
      const WeightView table,
      loader_.Matrix(by_text ? "pos_embd.weight" : "position_embd.weight",
                     spec_.context_length + skipped, spec_.d_model));
  weights.positions = table.Rows(skipped, spec_.context_length);
  return {};
}

Status GgufWeightReader::Head(Weights& weights) {
  PELLUCID_RETURN_IF_ERROR(Norm(Name(Point::kFinalNorm), rules_.norm,
                                spec_.d_model, weights.final_norm));
  PELLUCID_RETURN_IF_ERROR(ReadUnembedding(loader_, spec_, weights));
  if (rules_.head == Bias::kNone) return {};
  const std::string bias = "output.bias";
  if (rules_.head == Bias::kIfStored && !loader_.HasTensor(bias)) return {};
  PELLUCID_ASSIGN_OR_RETURN(weights.head_bias,
                            loader_.Vector(bias, spec_.vocab_size));
  return {};
}

// The first block's shapes are checked before anything of their size is
// allocated.
Status GgufWeightReader::MakeOrders(Weights& weights) {
  const std::size_t d = spec_.d_model;
  const std::size_t queries = spec_.QueryWidth(), keys = spec_.KeyWidth();
  const auto check = [&](Point point, std::size_t rows) -> Status {
    const std::string name = LayerName(0, point);
    if (name.empty()) return {};
    PELLUCID_RETURN_IF_ERROR(loader_.Matrix(name + ".weight", rows, d));
    return {};
  };
  PELLUCID_RETURN_IF_ERROR(check(Point::kQkv, queries + 2 * keys));
  PELLUCID_RETURN_IF_ERROR(check(Point::kQuery, queries));
  PELLUCID_RETURN_IF_ERROR(check(Point::kKey, keys));
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

Status GgufWeightReader::Attention(std::size_t layer, const Weights& weights,
                                   LayerWeights& w) {
  const std::size_t d = spec_.d_model;
  const std::size_t queries = spec_.QueryWidth(), keys = spec_.KeyWidth();
  const auto name = [&](Point point) { return LayerName(layer, point); };
  PELLUCID_RETURN_IF_ERROR(
      Linear(name(Point::kQkv), queries + 2 * keys, d, rules_.qkv, w.qkv));
  PELLUCID_RETURN_IF_ERROR(
      Linear(name(Point::kQuery), queries, d, rules_.qkv, w.query));
  PELLUCID_RETURN_IF_ERROR(
      Linear(name(Point::kKey), keys, d, rules_.qkv, w.key));
  PELLUCID_RETURN_IF_ERROR(
      Linear(name(Point::kValue), keys, d, rules_.qkv, w.value));
  PELLUCID_RETURN_IF_ERROR(
      HeadNorm(name(Point::kQueryNorm), spec_.n_heads, w.query_norm));
  PELLUCID_RETURN_IF_ERROR(
      HeadNorm(name(Point::kKeyNorm), spec_.n_kv_heads, w.key_norm));
  Order(weights.qkv_order, w.qkv);
  Order(weights.query_order, w.query);
  Order(weights.key_order, w.key);
  return Linear(name(Point::kAttnProj), d, queries, rules_.attn_out,
                w.attn_out);
}

Status GgufWeightReader::DenseMlp(std::size_t layer, LayerWeights& w) {
  const std::size_t d = spec_.d_model, mlp = spec_.d_mlp;
  const auto name = [&](Point point) { return LayerName(layer, point); };
  PELLUCID_RETURN_IF_ERROR(
      Linear(name(Point::kGateUp), 2 * mlp, d, rules_.mlp, w.gate_up));
  PELLUCID_RETURN_IF_ERROR(
      Linear(name(Point::kGate), mlp, d, rules_.mlp, w.gate));
  PELLUCID_RETURN_IF_ERROR(Linear(name(Point::kUp), mlp, d, rules_.mlp, w.up));
  return Linear(name(Point::kDown), d, mlp, rules_.mlp, w.down);
}

Result<std::vector<WeightView>> GgufWeightReader::Experts(std::size_t layer,
                                                          std::string_view name,
                                                          std::size_t rows,
                                                          std::size_t cols) {
  const std::size_t count = spec_.experts.n_experts;
  const std::string prefix = fmt::format("blk.{}.{}", layer, name);
  if (loader_.HasTensor(prefix + "_exps.weight")) {
    return loader_.Experts(prefix + "_exps.weight", count, rows, cols);
  }
  std::vector<WeightView> experts;
  for (std::size_t e = 0; e < count; ++e) {
    PELLUCID_ASSIGN_OR_RETURN(
        const WeightView one,
        loader_.Matrix(fmt::format("{}.{}.weight", prefix, e), rows, cols));
    experts.push_back(one);
  }
  return experts;
}

Status GgufWeightReader::Mixture(std::size_t layer, MixtureWeights& w) {
  const std::size_t d = spec_.d_model;
  const ExpertsSpec& spec = spec_.experts;
  PELLUCID_RETURN_IF_ERROR(Linear(LayerName(layer, Point::kRouter),
                                  spec.n_experts, d, Bias::kNone, w.router));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<WeightView> gate,
                            Experts(layer, "ffn_gate", spec.d_expert, d));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<WeightView> up,
                            Experts(layer, "ffn_up", spec.d_expert, d));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<WeightView> down,
                            Experts(layer, "ffn_down", d, spec.d_expert));
  for (std::size_t e = 0; e < spec.n_experts; ++e) {
    w.experts.push_back({gate[e], up[e], down[e]});
  }
  if (spec.d_shared == 0) return {};
  const auto matrix = [&](Point point, std::size_t rows, std::size_t cols) {
    return loader_.Matrix(LayerName(layer, point) + ".weight", rows, cols);
  };
  PELLUCID_ASSIGN_OR_RETURN(w.shared.gate,
                            matrix(Point::kSharedGate, spec.d_shared, d));
  PELLUCID_ASSIGN_OR_RETURN(w.shared.up,
                            matrix(Point::kSharedUp, spec.d_shared, d));
  PELLUCID_ASSIGN_OR_RETURN(w.shared.down,
                            matrix(Point::kSharedDown, d, spec.d_shared));
  if (!Has(Point::kSharedWeight)) return {};
  // The converter stores the one row as a vector.
  PELLUCID_ASSIGN_OR_RETURN(
      w.shared_weight,
      loader_.RowMatrix(LayerName(layer, Point::kSharedWeight) + ".weight", d));
  return {};
}

Result<LayerWeights> GgufWeightReader::Layer(std::size_t layer,
                                             const Weights& weights) {
  const std::size_t d = spec_.d_model;
  const auto norm = [&](Point point, NormWeights& to) {
    return Norm(LayerName(layer, point), rules_.norm, d, to);
  };
  LayerWeights w;
  PELLUCID_RETURN_IF_ERROR(norm(Point::kAttnNorm, w.attn_norm));
  PELLUCID_RETURN_IF_ERROR(Attention(layer, weights, w));
  PELLUCID_RETURN_IF_ERROR(norm(Point::kAttnPostNorm, w.attn_post_norm));
  PELLUCID_RETURN_IF_ERROR(norm(Point::kMlpNorm, w.mlp_norm));
  PELLUCID_RETURN_IF_ERROR(spec_.layers[layer].has_experts
                               ? Mixture(layer, w.mixture)
                               : DenseMlp(layer, w));
  PELLUCID_RETURN_IF_ERROR(norm(Point::kMlpPostNorm, w.mlp_post_norm));
  return w;
}

Result<Weights> GgufWeightReader::Read() {
  Weights weights;
  PELLUCID_ASSIGN_OR_RETURN(weights.embed, ReadEmbedding(loader_, spec_));
  PELLUCID_RETURN_IF_ERROR(Positions(weights));
  PELLUCID_RETURN_IF_ERROR(Norm(Name(Point::kEmbedNorm), rules_.norm,
                                spec_.d_model, weights.embed_norm));
  PELLUCID_RETURN_IF_ERROR(MakeOrders(weights));
  weights.layers.reserve(spec_.n_layers);
  for (std::size_t layer = 0; layer < spec_.n_layers; ++layer) {
    PELLUCID_ASSIGN_OR_RETURN(LayerWeights w, Layer(layer, weights));
    weights.layers.push_back(std::move(w));
  }
  PELLUCID_RETURN_IF_ERROR(Head(weights));
  return weights;
}

}  // namespace

Result<Weights> ReadGgufWeights(GgufLoader& loader, const WeightRules& rules,
                                ArchSpec& spec,
                                std::span<const GgufName> names) {
  return GgufWeightReader(loader, rules, spec, names).Read();
}

}  // namespace pellucid::families
