#include "model/families/hf_weights.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/decode.h"

namespace pellucid::families {
namespace {

class HfWeightReader {
 public:
  HfWeightReader(HfLoader& loader, const WeightRules& rules,
                 const ArchSpec& spec)
      : loader_(loader), rules_(rules), spec_(spec) {}

  Result<Weights> Read();

 private:
  using Bias = WeightRules::Bias;

  // Full path of a module, or "" where the family has none.
  std::string ModelName(Point point) const;
  std::string LayerName(std::size_t layer, Point point) const;
  bool Has(Point point) const { return !spec_.modules[point].empty(); }

  // Leaves `to` empty where `name` is.
  Status Norm(const std::string& name, NormForm form, std::size_t size,
              NormWeights& to);
  Status HeadNorm(const std::string& name, std::size_t heads, NormWeights& to);
  Status Linear(const std::string& name, std::size_t rows, std::size_t cols,
                Bias bias, LinearWeights& to);
  Status Positions(Weights& weights);
  Status Embeddings(Weights& weights);
  Result<LayerWeights> Layer(std::size_t layer);
  Status Attention(std::size_t layer, LayerWeights& w);
  Status DenseMlp(std::size_t layer, LayerWeights& w);
  Status Mixture(std::size_t layer, MixtureWeights& w);
  Status Experts(const std::string& mlp, MixtureWeights& w);
  Status StackedExperts(const std::string& gate_up, const std::string& down,
                        MixtureWeights& w);
  Status MlxExperts(const std::string& list, MixtureWeights& w);

  HfLoader& loader_;
  const WeightRules& rules_;
  const ArchSpec& spec_;
};

std::string HfWeightReader::ModelName(Point point) const {
  const std::string& module = spec_.modules[point];
  if (module.empty()) return "";
  if (point == Point::kHead) return module;
  return fmt::format("{}.{}", spec_.modules.base, module);
}

std::string HfWeightReader::LayerName(std::size_t layer, Point point) const {
  const std::string& module = spec_.modules[point];
  if (module.empty()) return "";
  return fmt::format("{}.{}.{}.{}", spec_.modules.base, spec_.modules.layers,
                     layer, module);
}

Status HfWeightReader::Norm(const std::string& name, NormForm form,
                            std::size_t size, NormWeights& to) {
  if (name.empty()) return {};
  if (form == NormForm::kNothing) {
    to.weight.assign(size, 1.0f);
    return {};
  }
  if (form == NormForm::kWeightAndBias) {
    PELLUCID_ASSIGN_OR_RETURN(to, loader_.LayerNorm(name, size));
    return {};
  }
  PELLUCID_ASSIGN_OR_RETURN(to, loader_.RmsNorm(name, size));
  if (form == NormForm::kOnePlusWeight) {
    for (float& w : to.weight) w += 1;
  }
  return {};
}

// Weights for each head are one matrix (Cohere), or a list of norms (StableLM).
Status HfWeightReader::HeadNorm(const std::string& name, std::size_t heads,
                                NormWeights& to) {
  if (name.empty()) return {};
  const std::size_t dim = spec_.head_dim;
  if (spec_.qk_norm == QkNorm::kWhole) {
    return Norm(name, rules_.qk_norm, heads * dim, to);
  }
  if (!rules_.qk_norm_by_head) return Norm(name, rules_.qk_norm, dim, to);
  if (!loader_.HasTensor(name + ".norms.0.weight")) {
    PELLUCID_ASSIGN_OR_RETURN(const WeightView matrix,
                              loader_.Matrix(name + ".weight", heads, dim));
    to.weight.resize(heads * dim);
    kernels::DecodeRows(matrix, 0, {to.weight.data(), heads, dim});
    return {};
  }
  for (std::size_t head = 0; head < heads; ++head) {
    PELLUCID_ASSIGN_OR_RETURN(
        const std::vector<float> one,
        loader_.Vector(fmt::format("{}.norms.{}.weight", name, head), dim));
    to.weight.insert(to.weight.end(), one.begin(), one.end());
  }
  return {};
}

Status HfWeightReader::Linear(const std::string& name, std::size_t rows,
                              std::size_t cols, Bias bias, LinearWeights& to) {
  if (name.empty()) return {};
  PELLUCID_ASSIGN_OR_RETURN(to, rules_.conv1d
                                    ? loader_.Conv1d(name, rows, cols)
                                    : loader_.Linear(name, rows, cols, bias));
  return {};
}

Status HfWeightReader::Positions(Weights& weights) {
  if (!Has(Point::kPosEmbed)) return {};
  const std::size_t skipped = rules_.skipped_positions;
  PELLUCID_ASSIGN_OR_RETURN(
      const WeightView table,
      loader_.Matrix(ModelName(Point::kPosEmbed) + ".weight",
                     spec_.context_length + skipped, spec_.d_model));
  weights.positions = table.Rows(skipped, spec_.context_length);
  return {};
}

Status HfWeightReader::Embeddings(Weights& weights) {
  const std::size_t d = spec_.d_model, embed = spec_.EmbedWidth();
  PELLUCID_RETURN_IF_ERROR(
      ReadEmbeddings(loader_, ModelName(Point::kEmbedTokens),
                     ModelName(Point::kHead), rules_.tied, spec_, weights));
  if (rules_.head != Bias::kNone) {
    const std::string name = ModelName(Point::kHead) + ".bias";
    if (rules_.head == Bias::kRequired || loader_.HasTensor(name)) {
      PELLUCID_ASSIGN_OR_RETURN(weights.head_bias,
                                loader_.Vector(name, spec_.vocab_size));
    }
  }
  PELLUCID_RETURN_IF_ERROR(Positions(weights));
  PELLUCID_RETURN_IF_ERROR(
      Norm(ModelName(Point::kEmbedNorm), rules_.norm, d, weights.embed_norm));
  PELLUCID_RETURN_IF_ERROR(Linear(ModelName(Point::kProjectIn), d, embed,
                                  Bias::kNone, weights.project_in));
  return Linear(ModelName(Point::kProjectOut), embed, d, Bias::kNone,
                weights.project_out);
}

Status HfWeightReader::Attention(std::size_t layer, LayerWeights& w) {
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
  return Linear(name(Point::kAttnProj), d, queries, rules_.attn_out,
                w.attn_out);
}

Status HfWeightReader::DenseMlp(std::size_t layer, LayerWeights& w) {
  const std::size_t d = spec_.d_model, mlp = spec_.d_mlp;
  const auto name = [&](Point point) { return LayerName(layer, point); };
  PELLUCID_RETURN_IF_ERROR(
      Linear(name(Point::kGateUp), 2 * mlp, d, rules_.mlp, w.gate_up));
  PELLUCID_RETURN_IF_ERROR(
      Linear(name(Point::kGate), mlp, d, rules_.mlp, w.gate));
  PELLUCID_RETURN_IF_ERROR(Linear(name(Point::kUp), mlp, d, rules_.mlp, w.up));
  // Without a module around the MLP its output is that of the projection.
  const Point down = Has(Point::kDown) ? Point::kDown : Point::kMlp;
  return Linear(name(down), d, mlp, rules_.mlp, w.down);
}

Status HfWeightReader::Mixture(std::size_t layer, MixtureWeights& w) {
  const std::size_t d = spec_.d_model;
  const ExpertsSpec& spec = spec_.experts;
  PELLUCID_RETURN_IF_ERROR(Linear(LayerName(layer, Point::kRouter),
                                  spec.n_experts, d, Bias::kNone, w.router));
  PELLUCID_RETURN_IF_ERROR(Experts(LayerName(layer, Point::kMlp), w));
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
  PELLUCID_ASSIGN_OR_RETURN(w.shared_weight,
                            matrix(Point::kSharedWeight, 1, d));
  return {};
}

Status HfWeightReader::Experts(const std::string& mlp, MixtureWeights& w) {
  const std::string list = mlp + ".experts";
  if (loader_.HasTensor(list + ".gate_up_proj")) {
    return StackedExperts(list + ".gate_up_proj", list + ".down_proj", w);
  }
  if (loader_.HasTensor(mlp + ".switch_mlp.gate_proj.weight")) {
    return MlxExperts(mlp + ".switch_mlp", w);
  }
  const std::size_t d = spec_.d_model, inner = spec_.experts.d_expert;
  for (std::size_t e = 0; e < spec_.experts.n_experts; ++e) {
    const auto matrix = [&](std::string_view name, std::size_t rows,
                            std::size_t cols) {
      return loader_.Matrix(fmt::format("{}.{}.{}.weight", list, e, name), rows,
                            cols);
    };
    ExpertWeights expert;
    PELLUCID_ASSIGN_OR_RETURN(expert.gate,
                              matrix(rules_.experts.gate, inner, d));
    PELLUCID_ASSIGN_OR_RETURN(expert.up, matrix(rules_.experts.up, inner, d));
    PELLUCID_ASSIGN_OR_RETURN(expert.down,
                              matrix(rules_.experts.down, d, inner));
    w.experts.push_back(expert);
  }
  return {};
}

Status HfWeightReader::StackedExperts(const std::string& gate_up,
                                      const std::string& down,
                                      MixtureWeights& w) {
  const std::size_t d = spec_.d_model, inner = spec_.experts.d_expert;
  const std::size_t count = spec_.experts.n_experts;
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<WeightView> first,
                            loader_.Experts(gate_up, count, 2 * inner, d));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<WeightView> second,
                            loader_.Experts(down, count, d, inner));
  for (std::size_t e = 0; e < count; ++e) {
    w.experts.push_back(
        {first[e].Rows(0, inner), first[e].Rows(inner, inner), second[e]});
  }
  return {};
}

Status HfWeightReader::MlxExperts(const std::string& list, MixtureWeights& w) {
  const std::size_t d = spec_.d_model, inner = spec_.experts.d_expert;
  const std::size_t count = spec_.experts.n_experts;
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<WeightView> gate,
      loader_.Experts(list + ".gate_proj.weight", count, inner, d));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<WeightView> up,
      loader_.Experts(list + ".up_proj.weight", count, inner, d));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<WeightView> down,
      loader_.Experts(list + ".down_proj.weight", count, d, inner));
  for (std::size_t e = 0; e < count; ++e) {
    w.experts.push_back({gate[e], up[e], down[e]});
  }
  return {};
}

Result<LayerWeights> HfWeightReader::Layer(std::size_t layer) {
  const std::size_t d = spec_.d_model;
  const auto norm = [&](Point point, NormWeights& to) {
    return Norm(LayerName(layer, point), rules_.norm, d, to);
  };
  LayerWeights w;
  PELLUCID_RETURN_IF_ERROR(norm(Point::kAttnNorm, w.attn_norm));
  PELLUCID_RETURN_IF_ERROR(Attention(layer, w));
  PELLUCID_RETURN_IF_ERROR(norm(Point::kAttnPostNorm, w.attn_post_norm));
  PELLUCID_RETURN_IF_ERROR(norm(Point::kMlpNorm, w.mlp_norm));
  PELLUCID_RETURN_IF_ERROR(spec_.layers[layer].has_experts
                               ? Mixture(layer, w.mixture)
                               : DenseMlp(layer, w));
  PELLUCID_RETURN_IF_ERROR(norm(Point::kMlpPostNorm, w.mlp_post_norm));
  return w;
}

Result<Weights> HfWeightReader::Read() {
  Weights weights;
  PELLUCID_RETURN_IF_ERROR(Embeddings(weights));
  weights.layers.reserve(spec_.n_layers);
  for (std::size_t layer = 0; layer < spec_.n_layers; ++layer) {
    PELLUCID_ASSIGN_OR_RETURN(LayerWeights w, Layer(layer));
    weights.layers.push_back(std::move(w));
  }
  PELLUCID_RETURN_IF_ERROR(Norm(ModelName(Point::kFinalNorm), rules_.norm,
                                spec_.d_model, weights.final_norm));
  PELLUCID_RETURN_IF_ERROR(loader_.CheckAllTaken());
  return weights;
}

}  // namespace

Result<Weights> ReadHfWeights(HfLoader& loader, const WeightRules& rules,
                              const ArchSpec& spec) {
  return HfWeightReader(loader, rules, spec).Read();
}

}  // namespace pellucid::families
