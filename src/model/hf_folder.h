// A model folder in Hugging Face's layout: config.json, safetensors files and,
// where there is one, generation_config.json. Tokenizer files are read apart
// (tokenizer/hf_loader.h).
#ifndef PELLUCID_MODEL_HF_FOLDER_H_
#define PELLUCID_MODEL_HF_FOLDER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/safetensors_set.h"
#include "model/hf_config.h"
#include "model/mlx_quantisation.h"
#include "pellucid/result.h"

namespace pellucid {

struct HfFolder {
  std::string path;
  HfModelConfig config;
  SafetensorsSet tensors;
  std::optional<MlxQuantisation> quantisation;  // nothing: weights are floats
  // Tokens that begin and end a text: generation_config.json's, else
  // config.json's; empty where neither says.
  std::vector<std::int64_t> bos_ids, eos_ids;

  // Reads headers only. kModel: no config.json, one that is damaged or that
  // says that the weights are quantised as only others than MLX do, and all
  // that SafetensorsSet::Open refuses. A damaged generation_config.json is
  // passed over, as transformers does: no activation depends on it.
  static Result<HfFolder> Open(const std::string& path);

  // SHA-256 over the JSON headers of the tensors' files, in the order of their
  // names, and config.json; hexadecimal.
  std::string Hash() const;
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_HF_FOLDER_H_
