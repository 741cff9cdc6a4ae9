// From decoded cells to what readers get: rows, summaries, and when a token
// becomes and stays the prediction. Definitions: pellucid/lens.h and
// docs/numerics.md.
#ifndef PELLUCID_ANALYSIS_LENS_RESULTS_H_
#define PELLUCID_ANALYSIS_LENS_RESULTS_H_

#include <span>
#include <vector>

#include "analysis/lens_layout.h"
#include "analysis/lens_pass.h"
#include "pellucid/lens.h"
#include "trace/site_table.h"

namespace pellucid {

// What a run found. A bundle of views for one call of MakeLenses.
struct LensFindings {
  const LensLayout& layout;
  const LensCells& cells;                // offsets and watched, by place
  std::span<const LensWatch> watches;    // by place
  std::span<const DecodedCell> decoded;  // by cell
};

// Of places [places.first, places.last), all of the prompt `ids`: what
// LensOptions::on_part is handed.
Lens MakeLensPart(const LensOptions& options, const std::vector<TokenId>& ids,
                  const SiteTable& table, const LensFindings& findings,
                  LensPlaces places);

// One lens a prompt, without timing and self-check.
std::vector<Lens> MakeLenses(const LensOptions& options,
                             std::span<const std::vector<TokenId>> prompts,
                             const SiteTable& table,
                             const LensFindings& findings);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_LENS_RESULTS_H_
