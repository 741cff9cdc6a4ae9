// Gemma 3 from Hugging Face folders: Gemma3ForCausalLM, and the text part of
// Gemma3ForConditionalGeneration, whose keys stand in "text_config" and whose
// tensors have "language_model" in their names; what it sees with is passed
// over.
#include <optional>
#include <utility>
#include <vector>

#include "model/families/gemma.h"
#include "model/families/gemma3.h"
#include "model/families/windows.h"

namespace pellucid::families {
namespace {

// Gemma3TextConfig's own, where a key is absent.
constexpr LlamaDefaults kDefaults = {.sizes = {.vocab_size = 262208,
                                               .d_model = 2304,
                                               .n_layers = 26,
                                               .n_heads = 8,
                                               .n_kv_heads = 4,
                                               .head_dim = 256,
                                               .context = 131072},
                                     .d_mlp = 9216,
                                     .tied = true};
constexpr std::size_t kWindow = 4096;
constexpr double kGlobalTheta = 1e6;

// The rotation of blocks that see all, and of those that see a window.
struct Ropes {
  HfRope global, local;
};

// Of one kind of block.
Result<HfRope> ReadRope(HfModelConfig& config,
                        std::optional<HfModelConfig> object, double theta,
                        const ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(
      HfRope rope,
      ReadHfRopeObject(std::move(object), config, {.theta = theta}, spec));
  PELLUCID_RETURN_IF_ERROR(CheckWholeRope(config, rope));
  return rope;
}

// "rope_parameters" holds an object for each kind; older files have the bases
// apart, and a "rope_scaling" that is the global one's.
Result<Ropes> ReadRopes(HfModelConfig& config, const ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(const float global,
                            config.Positive({"rope_theta"}, kGlobalTheta));
  PELLUCID_ASSIGN_OR_RETURN(
      const float local,
      config.Positive({"rope_local_base_freq"}, kGemma3LocalTheta));
  PELLUCID_ASSIGN_OR_RETURN(auto scaling, config.Object({"rope_scaling"}));
  PELLUCID_ASSIGN_OR_RETURN(auto both, config.Object({"rope_parameters"}));
  std::optional<HfModelConfig> full = std::move(scaling), sliding;
  if (both) {
    PELLUCID_ASSIGN_OR_RETURN(auto own, both->Object({"full_attention"}));
    PELLUCID_ASSIGN_OR_RETURN(sliding, both->Object({"sliding_attention"}));
    PELLUCID_RETURN_IF_ERROR(both->CheckAllKnown());
    if (full && own) {
      return config.Problem("rope_scaling",
                            "stands beside rope_parameters, which holds the "
                            "same; remove one of them");
    }
    if (own) full = std::move(own);
  }
  Ropes ropes;
  PELLUCID_ASSIGN_OR_RETURN(ropes.global,
                            ReadRope(config, std::move(full), global, spec));
  PELLUCID_ASSIGN_OR_RETURN(ropes.local,
                            ReadRope(config, std::move(sliding), local, spec));
  return ropes;
}

Status ReadWindows(HfModelConfig& config, ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t window,
                            ReadWindow(config, kWindow));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t pattern,
      config.Size({"sliding_window_pattern"}, 1, kMaxSize, kGemma3Pattern));
  // What transformers writes beside layer_types, and does not read.
  PELLUCID_RETURN_IF_ERROR(config.Number({"_sliding_window_pattern"}, 0.0));
  PELLUCID_ASSIGN_OR_RETURN(auto slides, ReadLayerTypes(config, spec.n_layers));
  if (!slides) slides = Gemma3Slides(spec.n_layers, pattern);
  UseLocalRope(*slides, spec);
  return SetWindows(config, window, *slides, spec);
}

struct TextPart {
  ArchSpec spec;
  HfParts parts;
  HfRope local;
};

Result<TextPart> ReadText(HfModelConfig& config) {
  TextPart text{.spec = MakeGemma3Spec(), .parts = {}, .local = {}};
  ArchSpec& spec = text.spec;
  PELLUCID_RETURN_IF_ERROR(
      ReadGemmaConfig(config, kDefaults, spec, text.parts));
  PELLUCID_RETURN_IF_ERROR(ReadQueryScalar(config, spec));
  // The class has the key, its attention does not look at it.
  PELLUCID_RETURN_IF_ERROR(config.Number({"attn_logit_softcapping"}, 0.0));
  PELLUCID_ASSIGN_OR_RETURN(spec.logits.cap,
                            ReadCap(config, "final_logit_softcapping", 0));
  PELLUCID_RETURN_IF_ERROR(ReadWindows(config, spec));
  PELLUCID_ASSIGN_OR_RETURN(Ropes ropes, ReadRopes(config, spec));
  text.parts.rope = std::move(ropes.global);
  text.local = std::move(ropes.local);
  return text;
}

Result<LoadedModel> Load(HfLoader& loader, TextPart text) {
  PELLUCID_ASSIGN_OR_RETURN(LoadedModel model,
                            LoadHf(loader, text.parts, std::move(text.spec)));
  ArchSpec& spec = model.spec;
  const std::size_t notes = spec.details.size();  // one kind's are enough
  PELLUCID_ASSIGN_OR_RETURN(
      RopeSpec local, MakeHfRope(loader, text.local, text.parts.pairs, spec));
  spec.ropes.push_back(std::move(local));
  spec.details.resize(notes);
  return model;
}

// Names that tensors have: `base` is the trunk's prefix, `head` the head's.
struct Prefixes {
  const char* base;
  const char* head;
};
constexpr Prefixes kNew = {"model.language_model", "lm_head"};
constexpr Prefixes kOld = {"language_model.model", "language_model.lm_head"};

Prefixes PrefixesOf(const HfFolder& folder) {
  for (const auto& [name, place] : folder.tensors.tensors()) {
    if (name.starts_with("language_model.")) return kOld;
  }
  return kNew;
}

// Keys of the whole model that say nothing about text.
Status ReadWhole(HfModelConfig& config, HfModelConfig& text) {
  PELLUCID_RETURN_IF_ERROR(config.Object({"vision_config"}));
  for (const std::string_view key :
       {"boi_token_index", "eoi_token_index", "image_token_index",
        "mm_tokens_per_image"}) {
    PELLUCID_RETURN_IF_ERROR(config.Number({key}, 0.0));
  }
  return text.CheckAllKnown();
}

}  // namespace

Result<LoadedModel> Gemma3TextFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  PELLUCID_ASSIGN_OR_RETURN(TextPart text, ReadText(loader.config()));
  return Load(loader, std::move(text));
}

Result<LoadedModel> Gemma3FromHf(const HfFolder& folder) {
  const Prefixes stored = PrefixesOf(folder);
  HfLoader loader(folder, stored.base);
  HfModelConfig& config = loader.config();
  PELLUCID_ASSIGN_OR_RETURN(auto own, config.Object({"text_config"}));
  if (!own) {
    return config.Problem("text_config", "is missing; get the file again");
  }
  PELLUCID_ASSIGN_OR_RETURN(TextPart text, ReadText(*own));
  PELLUCID_ASSIGN_OR_RETURN(
      text.parts.rules.tied,
      config.Bool({"tie_word_embeddings"}, text.parts.rules.tied));
  PELLUCID_RETURN_IF_ERROR(ReadWhole(config, *own));
  for (const char* part : {"vision_tower.", "multi_modal_projector."}) {
    loader.PassOver(part);
    loader.PassOver(std::string("model.") + part);
  }
  ModuleNames& names = text.spec.modules;
  names.base = stored.base;
  names[Point::kHead] = stored.head;
  PELLUCID_ASSIGN_OR_RETURN(LoadedModel model, Load(loader, std::move(text)));
  // Sites have the names of today, whatever the tensors'.
  ModuleNames& sites = model.spec.modules;
  model.spec.architecture = "gemma3";
  sites.base = kNew.base;
  sites[Point::kHead] = kNew.head;
  sites.other_bases = {kOld.base};
  sites.same = {{Point::kHead, kOld.head}};
  return model;
}

}  // namespace pellucid::families
