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

Result<LoadedModel> Gpt2FromGguf(const GgufFile& file);
Result<LoadedModel> Gpt2FromHf(const HfFolder& folder);
Result<LoadedModel> LlamaFromGguf(const GgufFile& file);
Result<LoadedModel> LlamaFromHf(const HfFolder& folder);

}  // namespace families
}  // namespace pellucid

#endif  // PELLUCID_MODEL_FAMILY_H_
