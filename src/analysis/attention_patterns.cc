// The patterns of chosen heads, copied as the run shows them.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "model/model_impl.h"
#include "pellucid/attention.h"
#include "trace/probe.h"

namespace pellucid {
namespace {

// Threads write to places of their own: rows of a tensor that is there before.
class PatternProbe : public Probe {
 public:
  explicit PatternProbe(AttentionPatterns& to, std::size_t n_layers,
                        std::size_t n_heads)
      : n_heads_(n_heads), place_(n_layers * n_heads), wanted_(n_layers) {
    for (HeadPattern& pattern : to.patterns) {
      place_[pattern.layer * n_heads + pattern.head] = &pattern;
      wanted_[pattern.layer] = true;
    }
  }

  bool Wants(SiteKey key) const override {
    return key.point == Point::kPattern && wanted_[key.layer];
  }
  void Visit(SiteKey, ConstMatrixView) override {}
  void VisitAttention(SiteKey key, std::size_t, std::size_t head,
                      std::size_t first_query, ConstMatrixView rows) override {
    HeadPattern* pattern = place_[key.layer * n_heads_ + head];
    if (pattern == nullptr) return;
    for (std::size_t i = 0; i < rows.rows; ++i) {
      std::ranges::copy(rows.RowSpan(i),
                        pattern->weights.Row(first_query + i).begin());
    }
  }

 private:
  std::size_t n_heads_;
  std::vector<HeadPattern*> place_;  // [n_layers, n_heads]; null: not kept
  std::vector<bool> wanted_;         // [n_layers]
};

// kUsage: more bytes of patterns than `limit`.
Status CheckBytes(std::size_t patterns, std::size_t tokens, std::size_t limit) {
  const double bytes = static_cast<double>(patterns) *
                       static_cast<double>(tokens) *
                       static_cast<double>(tokens) * sizeof(float);
  if (bytes <= static_cast<double>(limit)) return {};
  constexpr double kMegabyte = 1 << 20;
  return UsageError(fmt::format(
      "attn: patterns: {} heads of {} x {} weights take {:.0f} MB, more than "
      "{:.0f}; choose fewer layers or heads, or a shorter prompt",
      patterns, tokens, tokens, bytes / kMegabyte,
      static_cast<double>(limit) / kMegabyte));
}

Result<AttentionPatterns> KeepPatterns(const Model& model,
                                       std::span<const TokenId> ids,
                                       const PatternOptions& options) {
  const FloatEnvironment environment;
  const Model::Impl& impl = model.impl();
  const std::vector<TokenId> prompt(ids.begin(), ids.end());
  PELLUCID_RETURN_IF_ERROR(impl.CheckPrompts({&prompt, 1}));
  AttentionPatterns out;
  out.ids = prompt;
  PELLUCID_ASSIGN_OR_RETURN(out.layers,
                            options.layers.Resolve(impl.spec.n_layers));
  PELLUCID_ASSIGN_OR_RETURN(out.heads,
                            options.heads.Resolve(impl.spec.n_heads));
  PELLUCID_RETURN_IF_ERROR(CheckBytes(out.layers.size() * out.heads.size(),
                                      ids.size(), options.max_bytes));
  for (const std::size_t layer : out.layers) {
    for (const std::size_t head : out.heads) {
      out.patterns.push_back({layer, head, Tensor({ids.size(), ids.size()})});
    }
  }
  PatternProbe probe(out, impl.spec.n_layers, impl.spec.n_heads);
  PELLUCID_ASSIGN_OR_RETURN(const Forwarded done,
                            RunForward(impl.context(), Pack({&prompt, 1}),
                                       {.probe = &probe,
                                        .stop = options.stop,
                                        .progress = options.progress}));
  static_cast<void>(done);
  return out;
}

}  // namespace

Result<AttentionPatterns> ComputePatterns(const Model& model,
                                          std::span<const TokenId> ids,
                                          const PatternOptions& options) {
  return CatchOutOfMemory("attn",
                          [&] { return KeepPatterns(model, ids, options); });
}

}  // namespace pellucid
