// The families of architectures that this build knows, and how each is read.
// Adding one: a file in families/, a line in the table of family.cc, a golden.
#ifndef PELLUCID_MODEL_FAMILY_H_
#define PELLUCID_MODEL_FAMILY_H_

#include "formats/gguf.h"
#include "model/arch_spec.h"
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

namespace families {

Result<LoadedModel> LlamaFromGguf(const GgufFile& file);

}  // namespace families
}  // namespace pellucid

#endif  // PELLUCID_MODEL_FAMILY_H_
