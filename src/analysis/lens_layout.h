// The cells of one run of the lens: which rows are decoded at which positions
// of which prompts, and which tokens are watched there. Made before the forward
// pass, read by the pass and by what becomes of it (lens_results.h).
#ifndef PELLUCID_ANALYSIS_LENS_LAYOUT_H_
#define PELLUCID_ANALYSIS_LENS_LAYOUT_H_

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "analysis/lens_rows.h"
#include "pellucid/lens.h"
#include "pellucid/result.h"
#include "trace/site_table.h"

namespace pellucid {

// A listed position of a prompt.
struct LensPlace {
  std::size_t prompt = 0;
  std::size_t position = 0;
  bool last = false;         // the last listed one of its prompt
  bool every_block = false;  // rows `all`: a token is followed; else `few`
};

struct LensLayout {
  LensRows rows;
  std::vector<LensPlace> places;         // by prompt, positions ascending
  std::vector<std::size_t> first_place;  // by prompt, and the end

  // Rows of a place, ascending, the final row last. Lives as long as *this.
  const std::vector<std::size_t>& RowsOf(std::size_t place) const {
    return places[place].every_block ? rows.all : rows.few;
  }
};

// Where the watched tokens of a place stand in LensCells::watched.
struct LensWatch {
  std::optional<std::size_t> next;      // the input's own next token
  std::optional<std::size_t> followed;  // LensOptions::follow
  std::size_t targets = 0;              // the first of LensOptions::targets
};

// Places [first, last).
struct LensPlaces {
  std::size_t first = 0, last = 0;
};

// Splits `places` into runs, in order, of at most `max_cells` cells (rows at
// places) each, or of one place.
std::vector<LensPlaces> SplitPlaces(const LensLayout& layout, LensPlaces places,
                                    std::size_t max_cells);

// kUsage: see ResolveRows; a position that a prompt does not have.
Result<LensLayout> LayOutLens(const LensOptions& options,
                              std::span<const std::vector<TokenId>> prompts,
                              const SiteTable& table);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_LENS_LAYOUT_H_
