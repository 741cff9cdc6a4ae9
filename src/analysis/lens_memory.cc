#include "analysis/lens_memory.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pellucid {

LensReuse::LensReuse(const Model& model, std::size_t max_tokens)
    : impl_(std::make_unique<Impl>(model, max_tokens)) {}

LensReuse::~LensReuse() = default;

std::size_t LensReuse::reused() const { return impl_->reused; }

bool LensReuse::Impl::Fits(const Model::Impl& run_model,
                           std::span<const std::vector<TokenId>> prompts,
                           const LensOptions& options,
                           const LensLayout& layout) const {
  return &run_model == &model.impl() && prompts.size() == 1 &&
         prompts[0].size() <= max_tokens &&
         layout.places.size() == prompts[0].size() && options.edits.empty() &&
         options.precision == LensPrecision::kExact &&
         options.follow != FollowFinal::kLast;
}

std::size_t LensReuse::Impl::Keep(const std::vector<TokenId>& next_ids,
                                  LensQuestion asked) {
  const auto parting = std::ranges::mismatch(ids, next_ids).in1;
  const auto shared =
      static_cast<std::size_t>(std::distance(ids.begin(), parting));
  const bool same_tables =
      std::ranges::all_of(model.impl().spec.ropes, [&](const RopeSpec& rope) {
        return rope.SameTable(ids.size(), next_ids.size());
      });
  std::size_t left = 0;
  // The token behind the last shared one is watched there, and is another.
  if (shared > 0 && same_tables && asked == question) {
    left = std::min(shared - 1, found.size());
  }
  cache.Truncate(left);
  found.resize(left);
  ids = next_ids;
  question = std::move(asked);
  reused = left;
  return left;
}

}  // namespace pellucid
