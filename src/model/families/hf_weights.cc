#include "model/families/hf_weights.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "model/families/weight_reader.h"

namespace pellucid::families {
namespace {

class HfWeightReader : public WeightReader {
 public:
  HfWeightReader(HfLoader& loader, const WeightRules& rules,
                 const ArchSpec& spec)
      : WeightReader(loader, rules, spec), hf_loader_(loader) {}

  Result<Weights> Read();

 private:
  // The full path of the module.
  std::string NameOf(SiteKey key) const override;
  Status Embeddings(Weights& weights);
  Status Experts(std::size_t layer, MixtureWeights& w) override;
  Status SingleExperts(const std::string& list, MixtureWeights& w);
  Status StackedExperts(const std::string& list, MixtureWeights& w);
  Status MlxExperts(const std::string& list, MixtureWeights& w);

  HfLoader& hf_loader_;
};

std::string HfWeightReader::NameOf(SiteKey key) const {
  const ModuleNames& names = spec_.modules;
  const std::string& module = names[key.point];
  if (key.point == Point::kHead) return module;
  if (!IsPerLayer(key.point)) return fmt::format("{}.{}", names.base, module);
  return fmt::format("{}.{}.{}.{}", names.base, names.layers, key.layer,
                     module);
}

Status HfWeightReader::Embeddings(Weights& weights) {
  const std::size_t d = spec_.d_model, embed = spec_.EmbedWidth();
  PELLUCID_RETURN_IF_ERROR(loader_.Keep(
      ReadEmbeddings(hf_loader_, Name(Point::kEmbedTokens), Name(Point::kHead),
                     rules_.tied, spec_, weights)));
  PELLUCID_RETURN_IF_ERROR(HeadBias(weights));
  PELLUCID_RETURN_IF_ERROR(Positions(weights));
  PELLUCID_RETURN_IF_ERROR(
      Norm(Name(Point::kEmbedNorm), rules_.norm, d, weights.embed_norm));
  PELLUCID_RETURN_IF_ERROR(Linear(Name(Point::kProjectIn), d, embed,
                                  Bias::kNone, weights.project_in));
  return Linear(Name(Point::kProjectOut), embed, d, Bias::kNone,
                weights.project_out);
}

Status HfWeightReader::Experts(std::size_t layer, MixtureWeights& w) {
  const std::string mlp = Name(Point::kMlp, layer);
  if (loader_.HasTensor(mlp + ".experts.gate_up_proj")) {
    return StackedExperts(mlp + ".experts", w);
  }
  if (loader_.HasTensor(mlp + ".switch_mlp.gate_proj.weight")) {
    return MlxExperts(mlp + ".switch_mlp", w);
  }
  return SingleExperts(mlp + ".experts", w);
}

Status HfWeightReader::SingleExperts(const std::string& list,
                                     MixtureWeights& w) {
  const std::size_t d = spec_.d_model, inner = spec_.experts.d_expert;
  for (std::size_t e = 0; e < spec_.experts.n_experts; ++e) {
    const auto name = [&](std::string_view matrix) {
      return fmt::format("{}.{}.{}", list, e, matrix);
    };
    ExpertWeights expert;
    PELLUCID_RETURN_IF_ERROR(
        Matrix(name(rules_.experts.gate), inner, d, expert.gate));
    PELLUCID_RETURN_IF_ERROR(
        Matrix(name(rules_.experts.up), inner, d, expert.up));
    PELLUCID_RETURN_IF_ERROR(
        Matrix(name(rules_.experts.down), d, inner, expert.down));
    w.experts.push_back(expert);
  }
  return {};
}

Status HfWeightReader::StackedExperts(const std::string& list,
                                      MixtureWeights& w) {
  const std::size_t d = spec_.d_model, inner = spec_.experts.d_expert;
  const std::size_t count = spec_.experts.n_experts;
  std::vector<WeightView> first, second;
  PELLUCID_RETURN_IF_ERROR(loader_.Keep(
      loader_.Experts(list + ".gate_up_proj", count, 2 * inner, d), first));
  PELLUCID_RETURN_IF_ERROR(loader_.Keep(
      loader_.Experts(list + ".down_proj", count, d, inner), second));
  if (first.empty() || second.empty()) return {};
  for (std::size_t e = 0; e < count; ++e) {
    w.experts.push_back(
        {first[e].Rows(0, inner), first[e].Rows(inner, inner), second[e]});
  }
  return {};
}

Status HfWeightReader::MlxExperts(const std::string& list, MixtureWeights& w) {
  const std::size_t d = spec_.d_model, inner = spec_.experts.d_expert;
  const std::size_t count = spec_.experts.n_experts;
  const auto read = [&](std::string_view name, std::size_t rows,
                        std::size_t cols, std::vector<WeightView>& to) {
    return loader_.Keep(loader_.Experts(fmt::format("{}.{}.weight", list, name),
                                        count, rows, cols),
                        to);
  };
  std::vector<WeightView> gate, up, down;
  PELLUCID_RETURN_IF_ERROR(read("gate_proj", inner, d, gate));
  PELLUCID_RETURN_IF_ERROR(read("up_proj", inner, d, up));
  PELLUCID_RETURN_IF_ERROR(read("down_proj", d, inner, down));
  if (gate.empty() || up.empty() || down.empty()) return {};
  for (std::size_t e = 0; e < count; ++e) {
    w.experts.push_back({gate[e], up[e], down[e]});
  }
  return {};
}

Result<Weights> HfWeightReader::Read() {
  Weights weights;
  PELLUCID_RETURN_IF_ERROR(Embeddings(weights));
  PELLUCID_RETURN_IF_ERROR(Layers(weights));
  PELLUCID_RETURN_IF_ERROR(Norm(Name(Point::kFinalNorm), rules_.norm,
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
