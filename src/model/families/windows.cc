#include "model/families/windows.h"

#include <fmt/format.h>

#include <string_view>

#include "base/quote.h"
#include "model/tensor_loader.h"

namespace pellucid::families {
namespace {

// Of Qwen2Config and Qwen3Config.
constexpr std::size_t kQwenWindow = 4096;
constexpr std::size_t kQwenFirstLayer = 28;

}  // namespace

Result<std::size_t> ReadWindow(HfModelConfig& config, std::size_t fallback) {
  const bool none = config.IsNull({"sliding_window"});
  return config.Size({"sliding_window"}, 1, kMaxSize, none ? 0 : fallback);
}

Result<std::size_t> ReadSwitchedWindow(HfModelConfig& config,
                                       std::size_t fallback) {
  PELLUCID_ASSIGN_OR_RETURN(const bool slides,
                            config.Bool({"use_sliding_window"}, false));
  if (!slides) return std::size_t{0};
  return ReadWindow(config, fallback);
}

Result<std::optional<std::vector<bool>>> ReadLayerTypes(HfModelConfig& config,
                                                        std::size_t n_layers) {
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<std::string_view> types,
                            config.Strings({"layer_types"}));
  if (!config.Has({"layer_types"})) return std::optional<std::vector<bool>>();
  if (types.size() != n_layers) {
    return config.Problem("layer_types",
                          fmt::format("names {} blocks of {}; the file is "
                                      "damaged",
                                      types.size(), n_layers));
  }
  std::vector<bool> slides;
  for (const std::string_view type : types) {
    if (type != "full_attention" && type != "sliding_attention") {
      return config.Problem(
          "layer_types",
          fmt::format("holds \"{}\": unsupported; this version reads "
                      "full_attention and sliding_attention",
                      Quote(type)));
    }
    slides.push_back(type == "sliding_attention");
  }
  return std::optional(std::move(slides));
}

Status SetWindows(const HfModelConfig& config, std::size_t window,
                  const std::vector<bool>& slides, ArchSpec& spec) {
  for (std::size_t i = 0; i < spec.n_layers; ++i) {
    if (!slides[i]) continue;
    if (window == 0) {
      return config.Problem("sliding_window",
                            fmt::format("is missing or switched off, but block "
                                        "{} has sliding attention",
                                        i));
    }
    spec.layers[i].window = window;
  }
  return {};
}

Status ReadQwenWindows(HfModelConfig& config, ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t window,
                            ReadSwitchedWindow(config, kQwenWindow));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t first,
      config.Size({"max_window_layers"}, 0, kMaxSize, kQwenFirstLayer));
  PELLUCID_ASSIGN_OR_RETURN(auto slides, ReadLayerTypes(config, spec.n_layers));
  if (!slides) {
    slides.emplace(spec.n_layers, false);
    for (std::size_t i = first; i < spec.n_layers; ++i) {
      (*slides)[i] = window != 0;
    }
  }
  return SetWindows(config, window, *slides, spec);
}

}  // namespace pellucid::families
