#include "analysis/lens_layout.h"

namespace pellucid {

std::vector<LensPlaces> SplitPlaces(const LensLayout& layout, LensPlaces places,
                                    std::size_t max_cells) {
  std::vector<LensPlaces> runs;
  std::size_t cells = 0;  // of the last run
  for (std::size_t i = places.first; i < places.last; ++i) {
    const std::size_t rows = layout.RowsOf(i).size();
    if (runs.empty() || cells + rows > max_cells) {
      runs.push_back({i, i});
      cells = 0;
    }
    runs.back().last = i + 1;
    cells += rows;
  }
  return runs;
}

Result<LensLayout> LayOutLens(const LensOptions& options,
                              std::span<const std::vector<TokenId>> prompts,
                              const SiteTable& table) {
  LensLayout layout;
  PELLUCID_ASSIGN_OR_RETURN(layout.rows, ResolveRows(options, table));
  layout.first_place.push_back(0);
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<std::size_t> positions,
                              options.positions.Resolve(prompts[p].size()));
    for (const std::size_t position : positions) {
      const bool last = position == positions.back();
      const bool follows = options.follow != FollowFinal::kNone && last;
      layout.places.push_back(
          {p, position, last, follows || !options.targets.empty()});
    }
    layout.first_place.push_back(layout.places.size());
  }
  return layout;
}

}  // namespace pellucid
