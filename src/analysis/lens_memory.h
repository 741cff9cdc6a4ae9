// What a run of the lens leaves for the next one (pellucid/lens_reuse.h): keys
// and values of its tokens, and all that was found at each of them.
#ifndef PELLUCID_ANALYSIS_LENS_MEMORY_H_
#define PELLUCID_ANALYSIS_LENS_MEMORY_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "analysis/lens_layout.h"
#include "analysis/lens_pass.h"
#include "model/kv_cache.h"
#include "model/model_impl.h"
#include "pellucid/lens.h"
#include "pellucid/lens_reuse.h"
#include "pellucid/model.h"

namespace pellucid {

// What the cells of a token depend on beside the tokens up to the next one.
struct LensQuestion {
  std::vector<std::size_t> rows;  // shown (LensRows)
  std::size_t top_k = 0;
  std::vector<TokenId> targets;
  FollowFinal follow = FollowFinal::kNone;
  std::shared_ptr<const TrainedLens> trained;  // held, so that no other lens
                                               // comes to have its address

  bool operator==(const LensQuestion&) const = default;
};

// What was found at one position.
struct LensFound {
  std::vector<DecodedCell> cells;  // by row
  std::vector<TokenId> watched;
  LensWatch watch;
  double difference = 0;  // from the plain head
};

struct LensReuse::Impl {
  Impl(const Model& of, std::size_t most)
      : model(of), max_tokens(most), cache(of.impl().spec) {}

  // Whether such a run may take and leave something.
  bool Fits(const Model::Impl& run_model,
            std::span<const std::vector<TokenId>> prompts,
            const LensOptions& options, const LensLayout& layout) const;
  // Forgets what is not of the beginning of `ids`; how many positions are left.
  std::size_t Keep(const std::vector<TokenId>& ids, LensQuestion asked);

  const Model model;
  const std::size_t max_tokens;
  std::size_t reused = 0;  // by the last run

  LensQuestion question;
  std::vector<TokenId> ids;
  KvCache cache;                 // of as many tokens as `found`
  std::vector<LensFound> found;  // by position
};

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_LENS_MEMORY_H_
