#include "model/families/gguf_sizes.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/quote.h"
#include "model/families/gguf_keys.h"
#include "model/families/hf_rope.h"
#include "model/families/hf_sizes.h"

namespace pellucid::families {
namespace {

const std::string kShortFactors = "rope_factors_short.weight";

Status ReadHeads(const GgufLoader& loader, const GgufKeys& keys,
                 ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(
      spec.n_heads, loader.Size(keys("attention.head_count"), 1, kMaxSize));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.n_kv_heads,
      loader.Size(keys("attention.head_count_kv"), 1, kMaxSize, spec.n_heads));
  if (!loader.file().Has(keys("attention.key_length")) &&
      spec.d_model % spec.n_heads != 0) {
    return loader.Problem(
        keys("embedding_length"),
        fmt::format("is {}, no multiple of the {} heads, and there is no {}",
                    spec.d_model, spec.n_heads, keys("attention.key_length")));
  }
  PELLUCID_ASSIGN_OR_RETURN(
      spec.head_dim, loader.Size(keys("attention.key_length"), 1, kMaxSize,
                                 spec.d_model / spec.n_heads));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t values,
      loader.Size(keys("attention.value_length"), 1, kMaxSize, spec.head_dim));
  if (values != spec.head_dim) {
    return loader.Problem(
        keys("attention.value_length"),
        fmt::format("is {}, keys have {}: unsupported; this version reads "
                    "heads whose keys and values have one size",
                    values, spec.head_dim));
  }
  if (spec.head_dim == 0 || spec.n_heads % spec.n_kv_heads != 0) {
    return loader.Problem(
        keys("attention.head_count"),
        fmt::format("is {}, no multiple of the {} key-value heads, or more "
                    "than the {} features",
                    spec.n_heads, spec.n_kv_heads, spec.d_model));
  }
  // This only keeps the product from overflowing; shapes are checked against
  // the file.
  if (spec.n_heads > kMaxSize / spec.head_dim) {
    return loader.Problem(keys("attention.head_count"),
                          fmt::format("{} heads of {} are too large",
                                      spec.n_heads, spec.head_dim));
  }
  return {};
}

// What the keys say beside the base; the stretching of a folder's config.json.
Result<HfRope> ReadScaling(const GgufLoader& loader, const GgufKeys& keys,
                           const ArchSpec& spec) {
  const GgufFile& file = loader.file();
  HfRope rope;
  rope.context = spec.context_length;
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view type,
                            file.String(keys("rope.scaling.type"), "none"));
  PELLUCID_ASSIGN_OR_RETURN(
      const float legacy,
      PositiveFloat(loader, keys("rope.scale_linear"), 1.0));
  PELLUCID_ASSIGN_OR_RETURN(
      rope.factor, PositiveFloat(loader, keys("rope.scaling.factor"), 1.0));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t original,
      loader.Size(keys("rope.scaling.original_context_length"), 1, kMaxSize,
                  spec.context_length));
  rope.original_context = static_cast<double>(original);
  if (type == "longrope" ||
      (type == "none" && loader.HasTensor(kShortFactors))) {
    rope.type = RopeType::kLong;  // files of Phi 3 do not name it
    PELLUCID_ASSIGN_OR_RETURN(
        rope.attention_factor,
        PositiveFloat(loader, keys("rope.scaling.attn_factor"), 1.0));
  } else if (type == "none") {
    rope.factor = legacy;
    if (legacy != 1.0f) rope.type = RopeType::kLinear;
  } else if (type == "linear") {
    rope.type = RopeType::kLinear;
  } else if (type == "yarn") {
    rope.type = RopeType::kYarn;
    PELLUCID_ASSIGN_OR_RETURN(
        rope.yarn.beta_fast,
        PositiveFloat(loader, keys("rope.scaling.yarn_beta_fast"), 32.0));
    PELLUCID_ASSIGN_OR_RETURN(
        rope.yarn.beta_slow,
        PositiveFloat(loader, keys("rope.scaling.yarn_beta_slow"), 1.0));
  } else {
    return loader.Problem(
        keys("rope.scaling.type"),
        fmt::format("is \"{}\": unsupported; this version reads none, linear, "
                    "yarn and longrope",
                    Quote(type)));
  }
  return rope;
}

Status ReadFactors(GgufLoader& loader, std::size_t count, HfRope& rope) {
  if (rope.type != RopeType::kLong) return {};
  PELLUCID_ASSIGN_OR_RETURN(rope.short_factors,
                            loader.Vector(kShortFactors, count));
  PELLUCID_ASSIGN_OR_RETURN(rope.long_factors,
                            loader.Vector("rope_factors_long.weight", count));
  return {};
}

}  // namespace

Status CheckKnownKeys(const GgufLoader& loader, const GgufKeys& keys,
                      std::span<const std::string_view> own, bool with_rope) {
  std::vector<std::string_view> known(std::begin(kGgufSizeKeys),
                                      std::end(kGgufSizeKeys));
  if (with_rope) {
    known.insert(known.end(), std::begin(kGgufRopeKeys),
                 std::end(kGgufRopeKeys));
  }
  known.insert(known.end(), own.begin(), own.end());
  return CheckKnownKeys(loader, keys.prefix(), known);
}

Status ReadGgufSizes(const GgufLoader& loader, const GgufKeys& keys,
                     ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(spec.d_model,
                            loader.Size(keys("embedding_length"), 1, kMaxSize));
  PELLUCID_ASSIGN_OR_RETURN(spec.n_layers,
                            loader.Size(keys("block_count"), 1, kMaxLayers));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.d_mlp, loader.Size(keys("feed_forward_length"), 1, kMaxSize));
  PELLUCID_ASSIGN_OR_RETURN(spec.context_length,
                            loader.Size(keys("context_length"), 1, kMaxSize));
  PELLUCID_RETURN_IF_ERROR(ReadHeads(loader, keys, spec));
  MakeLayers(InverseRoot(static_cast<double>(spec.head_dim)), spec);
  return {};
}

Result<RopeSpec> ReadGgufRope(GgufLoader& loader, const GgufKeys& keys,
                              kernels::RopePairs pairs, ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(HfRope rope, ReadScaling(loader, keys, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      rope.theta, PositiveFloat(loader, keys("rope.freq_base"), 10000.0));
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t dims,
                            loader.Size(keys("rope.dimension_count"), 2,
                                        spec.head_dim, spec.head_dim));
  rope.partial = static_cast<double>(dims) / static_cast<double>(spec.head_dim);
  PELLUCID_RETURN_IF_ERROR(ReadFactors(loader, dims / 2, rope));
  PELLUCID_ASSIGN_OR_RETURN(RopeSpec made,
                            MakeRope(loader, rope, dims, pairs, spec));
  if (loader.HasTensor("rope_freqs.weight")) {
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<float> divisors,
                              loader.Vector("rope_freqs.weight", dims / 2));
    DivideFrequencies(divisors, made);
    PELLUCID_RETURN_IF_ERROR(
        CheckFrequencies(loader, "rope_freqs.weight", made));
    spec.details.emplace_back("rope_scaling", "llama3 (rope_freqs.weight)");
  }
  return made;
}

}  // namespace pellucid::families
