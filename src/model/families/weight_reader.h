// Reading a family's parameters, whatever the kind of checkpoint: which there
// are follows from the names of modules (ArchSpec::modules), their shapes from
// sizes, their form from WeightRules. A kind says what it calls a module, how
// it stores experts, and what it does to rows (hf_weights.cc, gguf_weights.cc).
//
// A tensor that is missing leaves its place empty, and the reader goes on, so
// that all of them can be named (TensorLoader::Keep). Every Read must end with
// the loader's CheckAllTaken.
#ifndef PELLUCID_MODEL_FAMILIES_WEIGHT_READER_H_
#define PELLUCID_MODEL_FAMILIES_WEIGHT_READER_H_

#include <cstddef>
#include <string>

#include "model/arch_spec.h"
#include "model/families/weight_rules.h"
#include "model/tensor_loader.h"
#include "model/weights.h"
#include "pellucid/result.h"
#include "trace/site.h"

namespace pellucid::families {

class WeightReader {
 public:
  virtual ~WeightReader() = default;
  WeightReader(const WeightReader&) = delete;
  WeightReader& operator=(const WeightReader&) = delete;

 protected:
  using Bias = WeightRules::Bias;

  // All three must outlive the reader.
  WeightReader(TensorLoader& loader, const WeightRules& rules,
               const ArchSpec& spec)
      : loader_(loader), rules_(rules), spec_(spec) {}

  // What the checkpoint calls a module of the family, without ".weight".
  virtual std::string NameOf(SiteKey key) const = 0;
  // The experts of a block; nothing where some are missing.
  virtual Status Experts(std::size_t layer, MixtureWeights& w) = 0;

  bool Has(Point point) const { return !spec_.modules[point].empty(); }
  // NameOf, or "" where the family has no such module.
  std::string Name(Point point, std::size_t layer = 0) const {
    return Has(point) ? NameOf({point, layer}) : "";
  }

  // Each leaves `to` as it is where `name` is empty.
  Status Norm(const std::string& name, NormForm form, std::size_t size,
              NormWeights& to);
  Status Linear(const std::string& name, std::size_t rows, std::size_t cols,
                Bias bias, LinearWeights& to);
  Status Matrix(const std::string& name, std::size_t rows, std::size_t cols,
                WeightView& to);

  Status Positions(Weights& weights);
  Status HeadBias(Weights& weights);
  // Of every block, in turn.
  Status Layers(Weights& weights);

  TensorLoader& loader_;
  const WeightRules& rules_;
  const ArchSpec& spec_;

 private:
  Status HeadNorm(const std::string& name, std::size_t heads, NormWeights& to);
  Status Layer(std::size_t layer, LayerWeights& w);
  Status Attention(std::size_t layer, LayerWeights& w);
  Status DenseMlp(std::size_t layer, LayerWeights& w);
  Status Mixture(std::size_t layer, MixtureWeights& w);
};

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_WEIGHT_READER_H_
