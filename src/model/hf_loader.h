// Reading a family from a Hugging Face folder: its config.json, and its tensors
// by their canonical names.
//
// Files spell a name with the architecture's base prefix ("model.layers.0..."),
// without it (the original GPT-2), with one more, or as MLX renames it; the
// first that is there counts. Buffers, which older versions stored beside the
// weights, are passed over.
#ifndef PELLUCID_MODEL_HF_LOADER_H_
#define PELLUCID_MODEL_HF_LOADER_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/arch_spec.h"
#include "model/hf_config.h"
#include "model/hf_folder.h"
#include "model/mlx_quantisation.h"
#include "model/tensor_loader.h"
#include "model/weights.h"
#include "pellucid/result.h"

namespace pellucid {

// Whether a tensor is one of those buffers.
bool IsHfBuffer(std::string_view name);

class HfLoader : public TensorLoader {
 public:
  // `folder` must outlive the loader. `base` is the prefix of the trunk,
  // "model".
  HfLoader(const HfFolder& folder, std::string_view base);

  HfModelConfig& config() { return config_; }

 private:
  Result<std::optional<Stored>> Find(
      const std::string& name,
      std::span<const std::size_t> shape) const override;
  std::vector<std::string_view> StoredNames() const override;
  bool HoldsConvTurned() const override { return conv_turned_; }
  SafetensorsSet::Place Locate(const std::string& name) const;

  HfModelConfig config_;
  const std::optional<MlxQuantisation>& quantisation_;
  const SafetensorsSet& tensors_;
  std::string prefix_;
  bool conv_turned_ = false;
};

// Sets the MLP's activation by "hidden_act" in any spelling, `fallback` where
// it is absent, and returns that name. kModel: a name that is not known.
Result<std::string_view> ReadActivation(HfModelConfig& config,
                                        std::string_view fallback,
                                        ArchSpec& spec);
// The same by the spellings that a class reads, where it ignores the others.
Result<std::string_view> ReadActivationOf(HfModelConfig::Names keys,
                                          HfModelConfig& config,
                                          std::string_view fallback,
                                          ArchSpec& spec);

// How a model's vocabulary is embedded and unembedded; `embed` and `head` are
// canonical names without ".weight", `tied` what config.json says of them. A
// head that is stored beside a tied embedding is used all the same, as
// transformers 5 does; where only the head of the two is stored, it is the
// embedding too. kModel: an untied model without a head.
Status ReadEmbeddings(HfLoader& loader, const std::string& embed,
                      const std::string& head, bool tied, const ArchSpec& spec,
                      Weights& weights);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_HF_LOADER_H_
