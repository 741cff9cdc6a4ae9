// What a family's parameters are beyond its sizes, the same in every kind of
// checkpoint. Which modules there are follows from their names
// (ArchSpec::modules): one without a name has no parameters.
#ifndef PELLUCID_MODEL_FAMILIES_WEIGHT_RULES_H_
#define PELLUCID_MODEL_FAMILIES_WEIGHT_RULES_H_

#include <cstddef>
#include <string_view>

#include "model/tensor_loader.h"

namespace pellucid::families {

// What a norm stores.
enum class NormForm {
  kWeight,         // RMSNorm, and LayerNorms without a bias
  kWeightAndBias,  // LayerNorm
  kOnePlusWeight,  // Gemma's RMSNorm in Hugging Face's files: less 1
  kNothing,        // a norm that only normalises
};

// What Hugging Face calls the matrices of an expert.
struct ExpertNames {
  std::string_view gate = "gate_proj", up = "up_proj", down = "down_proj";
};

struct WeightRules {
  using Bias = TensorLoader::Bias;

  Bias qkv = Bias::kNone;                // of queries, keys and values
  Bias attn_out = Bias::kNone;           // of the output projection
  Bias mlp = Bias::kNone;                // of every projection of a dense MLP
  Bias head = Bias::kNone;               // of the unembedding
  NormForm norm = NormForm::kWeight;     // of blocks, embedding and head
  NormForm qk_norm = NormForm::kWeight;  // of queries and keys
  // Whether the norms of queries and keys have weights for each head.
  bool qk_norm_by_head = false;
  bool tied = false;  // the unembedding is the embedding, unless stored
  // Rows of the table of positions before that of position 0 (OPT: 2).
  std::size_t skipped_positions = 0;
  ExpertNames experts;

  // Hugging Face only.
  bool conv1d = false;  // projections of blocks are stored transposed
  // GGUF only: rows of queries and keys have their rotary halves interleaved.
  bool interleaved_qk = false;
};

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_WEIGHT_RULES_H_
