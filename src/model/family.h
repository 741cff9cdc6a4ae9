// The families of architectures that this build knows, and how each is read.
// Adding one: a file in families/, a line in the table of family.cc, a golden.
#ifndef PELLUCID_MODEL_FAMILY_H_
#define PELLUCID_MODEL_FAMILY_H_

#include "formats/gguf.h"
#include "model/arch_spec.h"
#include "model/hf_folder.h"
#include "model/weights.h"
#include "pellucid/result.h"

namespace pellucid {

// What a family makes of a checkpoint. Weights point into the checkpoint.
struct LoadedModel {
  ArchSpec spec;
  Weights weights;
};

// kModel: unsupported architecture, a key that alters the maths and is not
// understood, a missing, unexpected or ill-shaped tensor.
Result<LoadedModel> LoadFromGguf(const GgufFile& file);

// The same; by "model_type", where that is absent by the first of
// "architectures". kModel too: a head other than a language model's.
Result<LoadedModel> LoadFromHf(const HfFolder& folder);

namespace families {

Result<LoadedModel> BloomFromGguf(const GgufFile& file);
Result<LoadedModel> BloomFromHf(const HfFolder& folder);
Result<LoadedModel> CohereFromGguf(const GgufFile& file);
Result<LoadedModel> CohereFromHf(const HfFolder& folder);
Result<LoadedModel> FalconFromGguf(const GgufFile& file);
Result<LoadedModel> FalconFromHf(const HfFolder& folder);
Result<LoadedModel> Gemma2FromGguf(const GgufFile& file);
Result<LoadedModel> Gemma2FromHf(const HfFolder& folder);
Result<LoadedModel> Gemma3FromGguf(const GgufFile& file);
Result<LoadedModel> Gemma3FromHf(const HfFolder& folder);
Result<LoadedModel> Gemma3TextFromHf(const HfFolder& folder);
Result<LoadedModel> GemmaFromGguf(const GgufFile& file);
Result<LoadedModel> GemmaFromHf(const HfFolder& folder);
Result<LoadedModel> Gpt2FromGguf(const GgufFile& file);
Result<LoadedModel> Gpt2FromHf(const HfFolder& folder);
Result<LoadedModel> GptjFromHf(const HfFolder& folder);
Result<LoadedModel> GptNeoFromHf(const HfFolder& folder);
Result<LoadedModel> GptNeoxFromGguf(const GgufFile& file);
Result<LoadedModel> GptNeoxFromHf(const HfFolder& folder);
Result<LoadedModel> GraniteFromGguf(const GgufFile& file);
Result<LoadedModel> GraniteFromHf(const HfFolder& folder);
Result<LoadedModel> LlamaFromGguf(const GgufFile& file);
Result<LoadedModel> LlamaFromHf(const HfFolder& folder);
Result<LoadedModel> MistralFromHf(const HfFolder& folder);
Result<LoadedModel> MixtralFromGguf(const GgufFile& file);
Result<LoadedModel> MixtralFromHf(const HfFolder& folder);
Result<LoadedModel> Olmo2FromGguf(const GgufFile& file);
Result<LoadedModel> Olmo2FromHf(const HfFolder& folder);
Result<LoadedModel> OptFromHf(const HfFolder& folder);
Result<LoadedModel> Phi3FromGguf(const GgufFile& file);
Result<LoadedModel> Phi3FromHf(const HfFolder& folder);
Result<LoadedModel> PhiFromGguf(const GgufFile& file);
Result<LoadedModel> PhiFromHf(const HfFolder& folder);
Result<LoadedModel> Qwen2FromGguf(const GgufFile& file);
Result<LoadedModel> Qwen2FromHf(const HfFolder& folder);
Result<LoadedModel> Qwen2MoeFromGguf(const GgufFile& file);
Result<LoadedModel> Qwen2MoeFromHf(const HfFolder& folder);
Result<LoadedModel> Qwen3FromGguf(const GgufFile& file);
Result<LoadedModel> Qwen3FromHf(const HfFolder& folder);
Result<LoadedModel> Qwen3MoeFromGguf(const GgufFile& file);
Result<LoadedModel> Qwen3MoeFromHf(const HfFolder& folder);
Result<LoadedModel> SmolLm3FromGguf(const GgufFile& file);
Result<LoadedModel> SmolLm3FromHf(const HfFolder& folder);
Result<LoadedModel> StableLmFromGguf(const GgufFile& file);
Result<LoadedModel> StableLmFromHf(const HfFolder& folder);
Result<LoadedModel> Starcoder2FromGguf(const GgufFile& file);
Result<LoadedModel> Starcoder2FromHf(const HfFolder& folder);

}  // namespace families
}  // namespace pellucid

#endif  // PELLUCID_MODEL_FAMILY_H_
