#include "model/families/gemma3.h"

#include "model/families/gemma.h"
#include "model/families/llama_like.h"

namespace pellucid::families {

ArchSpec MakeGemma3Spec() {
  ArchSpec spec;
  spec.architecture = "gemma3_text";
  spec.modules = FourNormModules();
  AddHeadNorms(spec.modules);
  return spec;
}

std::vector<bool> Gemma3Slides(std::size_t n_layers, std::size_t pattern) {
  std::vector<bool> slides(n_layers);
  for (std::size_t i = 0; i < n_layers; ++i) {
    slides[i] = (i + 1) % pattern != 0;
  }
  return slides;
}

void UseLocalRope(const std::vector<bool>& slides, ArchSpec& spec) {
  for (std::size_t i = 0; i < spec.n_layers; ++i) {
    if (!slides[i]) continue;
    spec.layers[i].rope = 1;
    spec.modules[Point::kRotaryLocal] = "rotary_emb_local";
  }
}

}  // namespace pellucid::families
