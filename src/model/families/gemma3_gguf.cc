// Gemma 3 from GGUF: general.architecture "gemma3". The header leaves much to
// the reader: that every sixth block sees all (unless sliding_window_pattern
// says otherwise), the base of the others' rotation, and the scale of attention
// (gemma.h).
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "model/families/gemma.h"
#include "model/families/gemma3.h"
#include "model/families/gguf_keys.h"

namespace pellucid::families {
namespace {

constexpr std::size_t kLayersOf27B = 62;
constexpr std::array<std::string_view, 4> kOwnKeys = {
    "attention.sliding_window", "attention.sliding_window_pattern",
    "final_logit_softcapping", "rope.freq_base_swa"};

// A number, or whether each block slides.
Result<std::vector<bool>> ReadPattern(const GgufLoader& loader,
                                      const GgufKeys& keys,
                                      std::size_t n_layers) {
  const std::string key = keys("attention.sliding_window_pattern");
  const GgufValue* value = loader.file().Find(key);
  const auto* list = value == nullptr ? nullptr : std::get_if<GgufArray>(value);
  if (list == nullptr) {
    PELLUCID_ASSIGN_OR_RETURN(const std::size_t pattern,
                              loader.Size(key, 1, kMaxSize, kGemma3Pattern));
    return Gemma3Slides(n_layers, pattern);
  }
  if (list->kind != GgufArray::Kind::kBool || list->count != n_layers) {
    return loader.Problem(key, "does not say of each block whether it slides");
  }
  std::vector<bool> slides;
  for (std::size_t i = 0; i < n_layers; ++i) {
    slides.push_back(list->data[i] != std::byte{0});
  }
  return slides;
}

}  // namespace

Result<LoadedModel> Gemma3FromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  const GgufKeys keys("gemma3");
  ArchSpec spec = MakeGemma3Spec();
  spec.activation = kernels::Activation::kGeluTanh;
  PELLUCID_RETURN_IF_ERROR(
      ReadGemmaHeader(loader, keys, kOwnKeys, kLayersOf27B, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t window,
      loader.Size(keys("attention.sliding_window"), 0, kMaxSize, 0));
  PELLUCID_ASSIGN_OR_RETURN(std::vector<bool> slides,
                            ReadPattern(loader, keys, spec.n_layers));
  if (window == 0) slides.assign(spec.n_layers, false);
  for (std::size_t i = 0; i < spec.n_layers; ++i) {
    if (slides[i]) spec.layers[i].window = window;
  }
  UseLocalRope(slides, spec);
  if (file.Has(keys("final_logit_softcapping"))) {
    PELLUCID_ASSIGN_OR_RETURN(
        spec.logits.cap,
        PositiveFloat(loader, keys("final_logit_softcapping"), 1.0));
  }
  PELLUCID_ASSIGN_OR_RETURN(
      const float local,
      PositiveFloat(loader, keys("rope.freq_base_swa"), kGemma3LocalTheta));
  PELLUCID_ASSIGN_OR_RETURN(
      LoadedModel model,
      LoadGguf(loader, keys, GemmaGgufParts(), std::move(spec)));
  RopeSpec rope = PlainRope(local, model.spec.ropes.front().dims);
  PELLUCID_RETURN_IF_ERROR(
      CheckFrequencies(loader, keys("rope.freq_base_swa"), rope));
  model.spec.ropes.push_back(std::move(rope));
  return model;
}

}  // namespace pellucid::families
