// Which cells a patch has: the point behind a site's short name, how positions
// of two prompts pair up, and what each cell changes.
#ifndef PELLUCID_ANALYSIS_PATCH_LAYOUT_H_
#define PELLUCID_ANALYSIS_PATCH_LAYOUT_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "analysis/patch_sweep.h"
#include "model/model_impl.h"
#include "pellucid/patch.h"
#include "pellucid/result.h"
#include "trace/site.h"

namespace pellucid {

// No position of the other prompt.
inline constexpr std::size_t kUnpaired = static_cast<std::size_t>(-1);

// The point of resid_pre, resid_mid, resid_post, attn_out, mlp_out, z, q, k, v
// or pattern. kUsage: another name, or a point that this model does not have.
Result<Point> PatchPointOf(const SiteTable& table, const std::string& site);

// By position of `to`, that of `from` it pairs up with, or kUnpaired. kUsage:
// lengths or spans that do not fit.
Result<std::vector<std::size_t>> PairPositions(std::span<const TokenId> to,
                                               std::span<const TokenId> from,
                                               PatchAlign align,
                                               TokenSpan to_span,
                                               TokenSpan from_span);

// Positions at the beginning that both prompts share: there nothing differs.
std::size_t SharedBeginning(std::span<const TokenId> to,
                            std::span<const TokenId> from,
                            std::span<const std::size_t> source_of);

// Blocks [first, end) around `layer`.
struct LayerRange {
  std::size_t first, end;
};
LayerRange WindowOf(std::size_t layer, std::size_t window,
                    std::size_t n_layers);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_PATCH_LAYOUT_H_
