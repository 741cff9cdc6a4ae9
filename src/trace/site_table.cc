#include "trace/site_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/edit_distance.h"
#include "trace/point_heads.h"

namespace pellucid {
namespace {

std::size_t IndexOf(SiteKey key) {
  return key.layer * kPointCount + static_cast<std::size_t>(key.point);
}

std::string Join(const std::string& a, const std::string& b) {
  return a.empty() ? b : b.empty() ? a : a + "." + b;
}

// The name below a block of a point that is no module of its own.
std::string DerivedName(const ModuleNames& names, Point point) {
  switch (point) {
    case Point::kResidPre:
      return "resid_pre";
    case Point::kResidMid:
      return "resid_mid";
    // Of one fused projection; elsewhere each is a module.
    case Point::kQuery:
      return Join(names.attn, "q");
    case Point::kKey:
      return Join(names.attn, "k");
    case Point::kValue:
      return Join(names.attn, "v");
    case Point::kScores:
      return Join(names.attn, "scores");
    case Point::kPattern:
      return Join(names.attn, "pattern");
    case Point::kZ:
      return Join(names.attn, "z");
    case Point::kMlpPost:
      return Join(names.mlp, "post");
    default:
      return "";
  }
}

// TransformerLens' name of a per-layer point below "blocks.N", or "". Its q, k
// and v are the projections before rotation, its mlp.hook_pre what is
// activated.
std::string_view HookName(const ModuleNames& names, const SiteSizes& sizes,
                          Point point) {
  const bool delta = !sizes.modules_add_residual;
  switch (point) {
    case Point::kResidPre:
      return "hook_resid_pre";
    case Point::kResidMid:
      return "hook_resid_mid";
    case Point::kResidPost:
      return "hook_resid_post";
    // What is added to the stream.
    case Point::kAttn:
      return delta && names[Point::kAttnPostNorm].empty() ? "hook_attn_out"
                                                          : "";
    case Point::kAttnPostNorm:
      return "hook_attn_out";
    case Point::kMlp:
      return delta && names[Point::kMlpPostNorm].empty() ? "hook_mlp_out" : "";
    case Point::kMlpPostNorm:
      return "hook_mlp_out";
    case Point::kQuery:
      return "attn.hook_q";
    case Point::kKey:
      return "attn.hook_k";
    case Point::kValue:
      return "attn.hook_v";
    case Point::kScores:
      return "attn.hook_attn_scores";
    case Point::kPattern:
      return "attn.hook_pattern";
    case Point::kZ:
      return "attn.hook_z";
    case Point::kGate:
      return "mlp.hook_pre";
    case Point::kUp:
      return names[Point::kGate].empty() ? "mlp.hook_pre" : "";
    case Point::kMlpPost:
      return "mlp.hook_post";
    default:
      return "";
  }
}

// mlx-lm calls every trunk so, and mlxterp puts it before once more.
const std::string kMlxBase = "model";

using Spellings = SiteTable::Spellings;

Spellings LayerSpellings(const ModuleNames& names, const SiteSizes& sizes,
                         Point point, std::size_t layer) {
  const std::string block = Join(names.layers, std::to_string(layer));
  const std::string& module = names[point];
  const std::string below = module.empty() ? DerivedName(names, point) : module;
  if (below.empty() && point != Point::kResidPost) return {};
  Spellings out;
  out.below_base.push_back(Join(block, below));
  if (point == Point::kResidPost) {
    out.below_base.push_back(Join(block, "resid_post"));
  }
  for (const auto& [same, path] : names.same) {
    if (same == point) out.below_base.push_back(Join(block, path));
  }
  const std::string_view hook = HookName(names, sizes, point);
  if (!hook.empty()) {
    out.whole.push_back(fmt::format("blocks.{}.{}", layer, hook));
  }
  return out;
}

Spellings ModelSpellings(const ModuleNames& names, Point point) {
  const std::string& module = names[point];
  Spellings out;
  if (point == Point::kEmbed) {
    out.whole.push_back("embed");
  } else if (point == Point::kLogits) {
    out.whole.push_back("logits");
  } else if (module.empty()) {
    return {};
  } else if (point == Point::kHead) {
    out.whole = {module, Join(names.base, module)};
  } else {
    out.below_base.push_back(module);
  }
  if (point == Point::kEmbedTokens) out.whole.push_back("hook_embed");
  if (point == Point::kPosEmbed) out.whole.push_back("hook_pos_embed");
  // The trunk's own output.
  const Point trunk = names[Point::kProjectOut].empty() ? Point::kFinalNorm
                                                        : Point::kProjectOut;
  if (point == trunk) {
    out.whole.insert(out.whole.end(),
                     {names.base, Join(names.base, names.base)});
  }
  if (point == Point::kFinalNorm) {
    out.whole.push_back("ln_final.hook_normalized");
  }
  for (const auto& [same, path] : names.same) {
    if (same != point) continue;
    for (const std::string& full : {Join(names.base, path), path,
                                    Join(names.base, Join(names.base, path))}) {
      out.whole.push_back(full);
    }
  }
  return out;
}

// '*' matches any run without a dot. Greedy with one point to go back to a
// segment, because '*' never crosses a dot: linear in practice.
bool Matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0;
  std::size_t star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos && name[resume] != '.') {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Error Unknown(std::string_view name, const std::string& what,
              const std::vector<std::string>& near) {
  return UsageError(
      fmt::format("sites: {}: {}; nearest: {} (list them with: "
                  "pellucid info --sites)",
                  name, what, fmt::join(near, ", ")));
}

}  // namespace

bool SiteSizes::Has(SiteKey key) const {
  if (key.point == Point::kResidMid) return !parallel;
  const bool experts = key.layer < has_experts.size() && has_experts[key.layer];
  if (IsDenseMlp(key.point)) return !experts;
  if (IsOfExperts(key.point)) return experts;
  return true;
}

SiteTable::SiteTable(const ModuleNames& names, const SiteSizes& sizes)
    : sizes_(sizes),
      by_key_(kPointCount * std::max<std::size_t>(sizes.n_layers, 1)) {
  const auto add_all = [&](Point first, Point last, std::size_t layer) {
    for (auto i = static_cast<std::size_t>(first);
         i <= static_cast<std::size_t>(last); ++i) {
      Add(names, static_cast<Point>(i), layer);
    }
  };
  add_all(Point::kEmbedTokens, Point::kRotaryLocal, 0);
  for (std::size_t layer = 0; layer < sizes.n_layers; ++layer) {
    add_all(Point::kResidPre, Point::kResidPost, layer);
  }
  add_all(Point::kFinalNorm, Point::kLogits, 0);
}

void SiteTable::Add(const ModuleNames& names, Point point, std::size_t layer) {
  if (!sizes_.Has({point, layer})) return;
  const std::size_t index = sites_.size();
  AddSite(names,
          IsPerLayer(point) ? LayerSpellings(names, sizes_, point, layer)
                            : ModelSpellings(names, point),
          {{point, layer}, {}, {}, {}});
  if (sites_.size() == index) return;  // the architecture has no such point
  by_key_[IndexOf({point, layer})] = index;
  AddHeads(names, point, layer);
}

void SiteTable::AddHeads(const ModuleNames& names, Point point,
                         std::size_t layer) {
  for (const auto& [of, path] : names.each_head) {
    if (of != point) continue;
    for (std::size_t head = 0; head < HeadsOfPoint(sizes_, point); ++head) {
      AddSite(
          names,
          {{fmt::format("{}.{}.{}.{}", names.layers, layer, path, head)}, {}},
          {{point, layer}, head, {}, {}});
    }
  }
}

void SiteTable::AddSite(const ModuleNames& names, const Spellings& spelt,
                        Site site) {
  std::vector<std::string> all;
  for (const std::string& path : spelt.below_base) {
    const std::string full = Join(names.base, path);
    all.insert(all.end(), {full, path, Join(names.base, full)});
    for (const std::string& other : names.other_bases) {
      all.push_back(Join(other, path));
    }
    if (names.base == kMlxBase) continue;
    const std::string mlx = Join(kMlxBase, path);
    all.insert(all.end(), {mlx, Join(kMlxBase, mlx)});
  }
  all.insert(all.end(), spelt.whole.begin(), spelt.whole.end());
  if (all.empty()) return;
  for (const std::string& name : all) by_name_.emplace(name, sites_.size());
  site.name = std::move(all.front());
  site.aliases.assign(std::make_move_iterator(all.begin() + 1),
                      std::make_move_iterator(all.end()));
  sites_.push_back(std::move(site));
}

bool SiteTable::Has(SiteKey key) const {
  const std::size_t index = by_key_[IndexOf(key)];  // 0 where there is none
  return index < sites_.size() && sites_[index].key == key;
}

const std::string& SiteTable::NameOf(SiteKey key) const {
  return sites_[by_key_[IndexOf(key)]].name;
}

Result<const Site*> SiteTable::Find(std::string_view name) const {
  const auto it = by_name_.find(name);
  if (it != by_name_.end()) return &sites_[it->second];
  return Unknown(name, "this model has no such site", Suggestions(name));
}

Result<std::vector<const Site*>> SiteTable::Match(
    std::string_view pattern) const {
  std::vector<bool> hit(sites_.size());
  if (pattern == "all") {
    for (std::size_t i = 0; i < sites_.size(); ++i) {
      hit[i] = !IsAttentionMatrix(sites_[i].key.point);
    }
  } else {
    for (const auto& [name, index] : by_name_) {
      if (!hit[index] && Matches(pattern, name)) hit[index] = true;
    }
  }
  std::vector<const Site*> found;
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    if (hit[i]) found.push_back(&sites_[i]);
  }
  if (!found.empty()) return found;
  return Unknown(pattern, "matches no site of this model",
                 Suggestions(pattern));
}

std::vector<std::string> SiteTable::Suggestions(std::string_view name) const {
  constexpr std::size_t kShown = 3;
  constexpr std::size_t kLongest = 200;  // keeps a hostile name cheap
  const std::string_view head = name.substr(0, kLongest);
  std::vector<std::pair<std::size_t, std::string_view>> ranked;
  ranked.reserve(by_name_.size());
  for (const auto& [spelling, index] : by_name_) {
    ranked.emplace_back(EditDistance(head, spelling), spelling);
  }
  const std::size_t count = std::min(kShown, ranked.size());
  std::partial_sort(ranked.begin(),
                    ranked.begin() + static_cast<std::ptrdiff_t>(count),
                    ranked.end());
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.emplace_back(ranked[i].second);
  return out;
}

std::vector<std::size_t> SiteTable::FeatureShape(Point point) const {
  switch (point) {
    case Point::kQkv:
      return {(sizes_.n_heads + 2 * sizes_.n_kv_heads) * sizes_.head_dim};
    case Point::kQuery:
      return {sizes_.n_heads * sizes_.head_dim};
    case Point::kKey:
    case Point::kValue:
      return {sizes_.n_kv_heads * sizes_.head_dim};
    case Point::kZ:
      return {sizes_.n_heads, sizes_.head_dim};
    case Point::kQueryNorm:
      if (sizes_.norms_whole_qk) return FeatureShape(Point::kQuery);
      return {sizes_.n_heads, sizes_.head_dim};
    case Point::kKeyNorm:
      if (sizes_.norms_whole_qk) return FeatureShape(Point::kKey);
      return {sizes_.n_kv_heads, sizes_.head_dim};
    case Point::kScores:
    case Point::kPattern:
      return {};
    case Point::kRotary:
    case Point::kRotaryLocal:
      return {sizes_.rotary_dim};
    case Point::kEmbedTokens:
    case Point::kProjectOut:
      return {sizes_.d_embed};
    case Point::kGateUp:
      return {2 * sizes_.d_mlp};
    case Point::kGate:
    case Point::kUp:
    case Point::kAct:
    case Point::kMlpPost:
      return {sizes_.d_mlp};
    case Point::kRouter:
      return {sizes_.n_experts};
    case Point::kSharedGate:
    case Point::kSharedUp:
    case Point::kSharedAct:
    case Point::kSharedPost:
      return {sizes_.d_shared};
    case Point::kSharedWeight:
      return {1};
    case Point::kHead:
    case Point::kLogits:
      return {sizes_.vocab_size};
    default:
      return {sizes_.d_model};
  }
}

std::vector<std::size_t> SiteTable::FeatureShape(const Site& site) const {
  if (site.head) return {sizes_.head_dim};
  return FeatureShape(site.key.point);
}

std::vector<SiteInfo> SiteTable::Describe() const {
  std::vector<SiteInfo> out;
  out.reserve(sites_.size());
  for (const Site& site : sites_) {
    std::string shape;
    if (IsAttentionMatrix(site.key.point)) {
      shape = fmt::format("[{}, queries, keys]", sizes_.n_heads);
    } else {
      shape = fmt::format("[tokens, {}]", fmt::join(FeatureShape(site), ", "));
    }
    out.push_back({site.name, std::move(shape), site.aliases});
  }
  return out;
}

}  // namespace pellucid
