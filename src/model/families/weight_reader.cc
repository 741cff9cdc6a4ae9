#include "model/families/weight_reader.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "kernels/decode.h"

namespace pellucid::families {

Status WeightReader::Norm(const std::string& name, NormForm form,
                          std::size_t size, NormWeights& to) {
  if (name.empty()) return {};
  if (form == NormForm::kNothing) {
    if (!loader_.AnyMissing()) to.weight.assign(size, 1.0f);
    return {};
  }
  if (form == NormForm::kWeightAndBias) {
    return loader_.Keep(loader_.LayerNorm(name, size), to);
  }
  PELLUCID_RETURN_IF_ERROR(loader_.Keep(loader_.RmsNorm(name, size), to));
  if (form == NormForm::kOnePlusWeight) {
    for (float& w : to.weight) w += 1;
  }
  return {};
}

// Weights for each head are one matrix (Cohere), or a list of norms (StableLM).
Status WeightReader::HeadNorm(const std::string& name, std::size_t heads,
                              NormWeights& to) {
  if (name.empty()) return {};
  const std::size_t dim = spec_.head_dim;
  if (spec_.qk_norm == QkNorm::kWhole) {
    return Norm(name, rules_.qk_norm, heads * dim, to);
  }
  if (!rules_.qk_norm_by_head) return Norm(name, rules_.qk_norm, dim, to);
  if (!loader_.HasTensor(name + ".norms.0.weight")) {
    WeightView matrix;
    PELLUCID_RETURN_IF_ERROR(Matrix(name, heads, dim, matrix));
    if (matrix.empty()) return {};
    to.weight.resize(heads * dim);
    kernels::DecodeRows(matrix, 0, {to.weight.data(), heads, dim});
    return {};
  }
  for (std::size_t head = 0; head < heads; ++head) {
    std::vector<float> one;
    PELLUCID_RETURN_IF_ERROR(loader_.Keep(
        loader_.Vector(fmt::format("{}.norms.{}.weight", name, head), dim),
        one));
    to.weight.insert(to.weight.end(), one.begin(), one.end());
  }
  return {};
}

Status WeightReader::Linear(const std::string& name, std::size_t rows,
                            std::size_t cols, Bias bias, LinearWeights& to) {
  if (name.empty()) return {};
  return loader_.Keep(rules_.conv1d ? loader_.Conv1d(name, rows, cols)
                                    : loader_.Linear(name, rows, cols, bias),
                      to);
}

Status WeightReader::Matrix(const std::string& name, std::size_t rows,
                            std::size_t cols, WeightView& to) {
  if (name.empty()) return {};
  return loader_.Keep(loader_.Matrix(name + ".weight", rows, cols), to);
}

Status WeightReader::Positions(Weights& weights) {
  const std::size_t skipped = rules_.skipped_positions;
  WeightView table;
  PELLUCID_RETURN_IF_ERROR(Matrix(Name(Point::kPosEmbed),
                                  spec_.context_length + skipped, spec_.d_model,
                                  table));
  if (table.empty()) return {};
  weights.positions = table.Rows(skipped, spec_.context_length);
  return {};
}

Status WeightReader::HeadBias(Weights& weights) {
  if (rules_.head == Bias::kNone) return {};
  const std::string name = Name(Point::kHead) + ".bias";
  if (rules_.head == Bias::kIfStored && !loader_.HasTensor(name)) return {};
  return loader_.Keep(loader_.Vector(name, spec_.vocab_size),
                      weights.head_bias);
}

Status WeightReader::Attention(std::size_t layer, LayerWeights& w) {
  const std::size_t d = spec_.d_model;
  const std::size_t queries = spec_.QueryWidth(), keys = spec_.KeyWidth();
  const auto name = [&](Point point) { return Name(point, layer); };
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

Status WeightReader::DenseMlp(std::size_t layer, LayerWeights& w) {
  const std::size_t d = spec_.d_model, mlp = spec_.d_mlp;
  const auto name = [&](Point point) { return Name(point, layer); };
  PELLUCID_RETURN_IF_ERROR(
      Linear(name(Point::kGateUp), 2 * mlp, d, rules_.mlp, w.gate_up));
  PELLUCID_RETURN_IF_ERROR(
      Linear(name(Point::kGate), mlp, d, rules_.mlp, w.gate));
  PELLUCID_RETURN_IF_ERROR(Linear(name(Point::kUp), mlp, d, rules_.mlp, w.up));
  // Without a module around the MLP its output is that of the projection.
  const Point down = Has(Point::kDown) ? Point::kDown : Point::kMlp;
  return Linear(name(down), d, mlp, rules_.mlp, w.down);
}

Status WeightReader::Mixture(std::size_t layer, MixtureWeights& w) {
  const std::size_t d = spec_.d_model;
  const ExpertsSpec& spec = spec_.experts;
  const auto name = [&](Point point) { return Name(point, layer); };
  PELLUCID_RETURN_IF_ERROR(
      Linear(name(Point::kRouter), spec.n_experts, d, Bias::kNone, w.router));
  PELLUCID_RETURN_IF_ERROR(Experts(layer, w));
  if (spec.d_shared == 0) return {};
  PELLUCID_RETURN_IF_ERROR(
      Matrix(name(Point::kSharedGate), spec.d_shared, d, w.shared.gate));
  PELLUCID_RETURN_IF_ERROR(
      Matrix(name(Point::kSharedUp), spec.d_shared, d, w.shared.up));
  PELLUCID_RETURN_IF_ERROR(
      Matrix(name(Point::kSharedDown), d, spec.d_shared, w.shared.down));
  if (!Has(Point::kSharedWeight)) return {};
  // The converter to GGUF stores the one row as a vector.
  return loader_.Keep(
      loader_.RowMatrix(name(Point::kSharedWeight) + ".weight", d),
      w.shared_weight);
}

Status WeightReader::Layer(std::size_t layer, LayerWeights& w) {
  const std::size_t d = spec_.d_model;
  const auto norm = [&](Point point, NormWeights& to) {
    return Norm(Name(point, layer), rules_.norm, d, to);
  };
  PELLUCID_RETURN_IF_ERROR(norm(Point::kAttnNorm, w.attn_norm));
  PELLUCID_RETURN_IF_ERROR(Attention(layer, w));
  PELLUCID_RETURN_IF_ERROR(norm(Point::kAttnPostNorm, w.attn_post_norm));
  PELLUCID_RETURN_IF_ERROR(norm(Point::kMlpNorm, w.mlp_norm));
  PELLUCID_RETURN_IF_ERROR(spec_.layers[layer].has_experts
                               ? Mixture(layer, w.mixture)
                               : DenseMlp(layer, w));
  return norm(Point::kMlpPostNorm, w.mlp_post_norm);
}

Status WeightReader::Layers(Weights& weights) {
  weights.layers.reserve(spec_.n_layers);
  for (std::size_t layer = 0; layer < spec_.n_layers; ++layer) {
    PELLUCID_RETURN_IF_ERROR(Layer(layer, weights.layers.emplace_back()));
  }
  return {};
}

}  // namespace pellucid::families
