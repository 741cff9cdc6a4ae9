#include "analysis/in_force.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>

#include "model/model_impl.h"

namespace pellucid {
namespace {

constexpr std::string_view kNone = "none";

std::string NumberUnless(float neutral, float value) {
  return value == neutral ? std::string(kNone) : fmt::format("{}", value);
}

std::string DtypesOf(const Model& model) {
  std::map<std::string, std::uint64_t> bytes;
  for (const TensorInfo& tensor : model.Tensors()) {
    bytes[tensor.dtype] += tensor.bytes;
  }
  std::vector<std::pair<std::string, std::uint64_t>> sorted(bytes.begin(),
                                                            bytes.end());
  std::ranges::stable_sort(sorted, std::greater(),
                           [](const auto& each) { return each.second; });
  std::string out;
  for (const auto& [dtype, count] : sorted) {
    out += (out.empty() ? "" : ", ") + dtype;
  }
  return out;
}

std::string AttentionOf(const ArchSpec& spec) {
  if (spec.n_kv_heads == spec.n_heads) {
    return fmt::format("multi-head, {}", spec.n_heads);
  }
  return fmt::format("{}, {} on {}",
                     spec.n_kv_heads == 1 ? "multi-query" : "grouped-query",
                     spec.n_heads, spec.n_kv_heads);
}

std::string ScaleOf(const ArchSpec& spec) {
  const auto [low, high] =
      std::ranges::minmax(spec.layers, {}, &LayerSpec::attention_scale);
  if (low.attention_scale == high.attention_scale) {
    return fmt::format("{}", low.attention_scale);
  }
  return fmt::format("{} to {}", high.attention_scale, low.attention_scale);
}

std::string QkNormOf(const ArchSpec& spec, const Weights& weights) {
  if (weights.layers.front().query_norm.empty()) return std::string(kNone);
  return spec.qk_norm == QkNorm::kWhole ? "whole" : "per head";
}

std::string WindowOf(const ArchSpec& spec) {
  std::map<std::size_t, std::size_t> blocks;  // of each window
  for (const LayerSpec& layer : spec.layers) {
    if (layer.window != 0) ++blocks[layer.window];
  }
  if (blocks.empty()) return std::string(kNone);
  std::string out;
  for (const auto& [window, count] : blocks) {
    out += fmt::format("{}{} in {} of {} blocks", out.empty() ? "" : ", ",
                       window, count, spec.n_layers);
  }
  return out;
}

// Blocks name a table even where the model has none.
bool Rotates(const ArchSpec& spec) {
  return !spec.ropes.empty() &&
         std::ranges::any_of(spec.layers, [](const LayerSpec& layer) {
           return layer.rope.has_value();
         });
}

std::string_view PositionsOf(const ArchSpec& spec, const Weights& weights) {
  if (Rotates(spec)) return "rotary";
  if (!spec.alibi.slopes.empty()) return "alibi";
  return weights.positions.empty() ? kNone : "learned";
}

std::string RopeOf(const ArchSpec& spec) {
  if (!Rotates(spec)) return std::string(kNone);
  std::string out;
  for (const RopeSpec& rope : spec.ropes) {
    const bool halves = rope.pairs == kernels::RopePairs::kHalves;
    out += fmt::format("{}{} of {} features in {}", out.empty() ? "" : "; ",
                       rope.dims, spec.head_dim, halves ? "halves" : "pairs");
    if (rope.scale != 1) out += fmt::format(", times {}", rope.scale);
    if (rope.switch_length != 0) {
      out += fmt::format(", others beyond {} tokens", rope.switch_length);
    }
  }
  return out;
}

std::string_view ActivationOf(const ArchSpec& spec) {
  switch (spec.activation) {
    case kernels::Activation::kSilu:
      return "silu";
    case kernels::Activation::kGelu:
      return "gelu";
    case kernels::Activation::kGeluTanh:
      return "gelu_tanh";
    case kernels::Activation::kGeluFast:
      return "gelu_fast";
    case kernels::Activation::kQuickGelu:
      return "quick_gelu";
    case kernels::Activation::kRelu:
      return "relu";
    case kernels::Activation::kRelu2:
      return "relu2";
  }
  return kNone;
}

std::string ExpertsOf(const ArchSpec& spec) {
  const ExpertsSpec& experts = spec.experts;
  if (experts.n_experts == 0) return std::string(kNone);
  return fmt::format("{} of {}{}{}", experts.n_active, experts.n_experts,
                     experts.renormalise ? ", renormalised" : "",
                     experts.d_shared != 0 ? ", and a shared one" : "");
}

std::string BosOf(const Tokenizer* tokenizer) {
  if (tokenizer == nullptr) return "no tokenizer";
  if (!tokenizer->BosId()) return std::string(kNone);
  return fmt::format(
      "{}, {} ({})", tokenizer->AddsBos() ? "added" : "not added",
      tokenizer->TokenText(*tokenizer->BosId()), *tokenizer->BosId());
}

}  // namespace

std::vector<std::pair<std::string, std::string>> DescribeInForce(
    const Model& model) {
  const ArchSpec& spec = model.impl().spec;
  const Weights& weights = model.impl().weights;
  std::vector<std::pair<std::string, std::string>> out;
  const auto add = [&out](std::string_view key, std::string_view value) {
    out.emplace_back(key, value);
  };
  add("dtypes", DtypesOf(model));
  add("norm", spec.norm == NormKind::kRms ? "rms" : "layer");
  add("norm_eps", fmt::format("{}", spec.norm_eps));
  add("block_order",
      spec.order == BlockOrder::kParallel ? "parallel" : "sequential");
  add("attention", AttentionOf(spec));
  add("attention_scale", ScaleOf(spec));
  add("qk_norm", QkNormOf(spec, weights));
  add("score_cap", NumberUnless(0, spec.score_cap));
  add("logit_cap", NumberUnless(0, spec.logits.cap));
  add("logit_multiplier", NumberUnless(1, spec.logits.multiplier));
  add("logit_divisor", NumberUnless(1, spec.logits.divisor));
  add("embed_scale", NumberUnless(1, spec.embed_scale));
  add("residual_multiplier", NumberUnless(1, spec.residual_multiplier));
  add("window", WindowOf(spec));
  add("positions", PositionsOf(spec, weights));
  add("rope", RopeOf(spec));
  add("activation", ActivationOf(spec));
  add("experts", ExpertsOf(spec));
  add("tied_head", weights.tied ? "true" : "false");
  add("bos", BosOf(model.tokenizer()));
  out.insert(out.end(), spec.details.begin(), spec.details.end());
  return out;
}

}  // namespace pellucid
