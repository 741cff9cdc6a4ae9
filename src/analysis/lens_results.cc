#include "analysis/lens_results.h"

#include <optional>
#include <utility>

#include "kernels/math.h"

namespace pellucid {
namespace {

TokenScore ScoreOf(TokenId id, float logit, double logz) {
  const double logprob = static_cast<double>(logit) - logz;
  return {id, logit, static_cast<float>(logprob),
          static_cast<float>(kernels::Exp64(logprob))};
}

class LensMaker {
 public:
  LensMaker(const LensOptions& options, const SiteTable& table,
            const LensFindings& found)
      : options_(options), table_(table), found_(found) {}

  // Of one prompt.
  Lens Make(std::size_t prompt, const std::vector<TokenId>& ids) const;
  // Rows and cells of places [first, last) alone.
  Lens MakePart(const std::vector<TokenId>& ids, std::size_t first,
                std::size_t last) const;

 private:
  LensRow EmptyRow(std::size_t row) const {
    LensRow out;
    out.site = table_.NameOf(SiteOfRow(row));
    out.layer = LayerOfRow(row);
    out.own_norm = HasOwnNorm(row);
    return out;
  }
  // Cell r of a place, of its row RowsOf(place)[r].
  const DecodedCell& CellAt(std::size_t place, std::size_t r) const {
    return found_.decoded[found_.cells.offsets[place] + r];
  }
  const DecodedCell& FinalCellAt(std::size_t place) const {
    return found_.decoded[found_.cells.offsets[place + 1] - 1];
  }
  void AddCells(std::size_t place, Lens& lens) const;
  LensCell MakeCell(std::size_t place, const DecodedCell& cell) const;
  LensSummary Summarise(const LensRow& row, std::size_t first_place) const;
  LensTarget Follow(TokenId id, std::size_t first, std::size_t last) const;

  const LensOptions& options_;
  const SiteTable& table_;
  const LensFindings& found_;
};

Lens LensMaker::Make(std::size_t prompt,
                     const std::vector<TokenId>& ids) const {
  const std::size_t first = found_.layout.first_place[prompt];
  const std::size_t last = found_.layout.first_place[prompt + 1];
  Lens lens = MakePart(ids, first, last);
  for (const LensRow& row : lens.rows) {
    lens.summary.push_back(Summarise(row, first));
  }
  for (const TokenId id : options_.targets) {
    lens.targets.push_back(Follow(id, first, last));
  }
  if (options_.follow != FollowFinal::kNone) {
    const std::size_t at = found_.watches[last - 1].followed.value();
    lens.followed = Follow(found_.cells.watched[last - 1][at], last - 1, last);
  }
  return lens;
}

Lens LensMaker::MakePart(const std::vector<TokenId>& ids, std::size_t first,
                         std::size_t last) const {
  Lens lens;
  lens.ids = ids;
  for (const std::size_t row : found_.layout.rows.shown) {
    lens.rows.push_back(EmptyRow(row));
  }
  for (std::size_t place = first; place < last; ++place) {
    lens.positions.push_back(found_.layout.places[place].position);
    AddCells(place, lens);
  }
  return lens;
}

// Of the rows that are shown.
void LensMaker::AddCells(std::size_t place, Lens& lens) const {
  const std::vector<std::size_t>& rows = found_.layout.RowsOf(place);
  const std::vector<std::size_t>& shown = found_.layout.rows.shown;
  std::size_t next = 0;
  for (std::size_t r = 0; r < rows.size() && next < shown.size(); ++r) {
    if (rows[r] != shown[next]) continue;
    lens.rows[next++].cells.push_back(MakeCell(place, CellAt(place, r)));
  }
}

LensCell LensMaker::MakeCell(std::size_t place, const DecodedCell& cell) const {
  const std::vector<TokenId>& tokens = found_.cells.watched[place];
  const double logz = cell.statistics.logz;
  const auto ranked = [&](std::size_t w) {
    return RankedScore{ScoreOf(tokens[w], cell.watched_logits[w], logz),
                       cell.ranks[w]};
  };
  LensCell out;
  out.position = found_.layout.places[place].position;
  for (const TopLogit& top : cell.top) {
    out.top.push_back(ScoreOf(top.id, top.logit, logz));
  }
  out.logz = static_cast<float>(logz);
  out.entropy = static_cast<float>(cell.statistics.entropy);
  out.kl_to_final = static_cast<float>(cell.statistics.kl_to_final);
  const LensWatch& watch = found_.watches[place];
  if (watch.next) out.next = ranked(*watch.next);
  if (watch.followed) out.final_top1 = ranked(*watch.followed);
  for (std::size_t t = 0; t < options_.targets.size(); ++t) {
    out.targets.push_back(ranked(watch.targets + t));
  }
  return out;
}

LensSummary LensMaker::Summarise(const LensRow& row,
                                 std::size_t first_place) const {
  const auto mean = [](double sum, std::size_t n) -> std::optional<float> {
    if (n == 0) return std::nullopt;
    return static_cast<float>(sum / static_cast<double>(n));
  };
  double entropy = 0, kl = 0, agree = 0, next = 0;
  std::size_t cells = 0, nexts = 0;
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    const LensCell& cell = row.cells[i];
    if (cell.position < options_.skip_first) continue;
    ++cells;
    entropy += static_cast<double>(cell.entropy);
    kl += static_cast<double>(cell.kl_to_final);
    if (FinalCellAt(first_place + i).top[0].id == cell.top[0].id) agree += 1;
    if (!cell.next) continue;
    ++nexts;
    next += static_cast<double>(cell.next->score.logprob);
  }
  return {row.site,        row.layer,          mean(entropy, cells),
          mean(kl, cells), mean(agree, cells), mean(next, nexts)};
}

// Over the block outputs of places [first, last).
LensTarget LensMaker::Follow(TokenId id, std::size_t first,
                             std::size_t last) const {
  LensTarget target{id, {}, {}};
  for (std::size_t place = first; place < last; ++place) {
    std::optional<std::size_t> hit, stable;
    const std::vector<std::size_t>& rows = found_.layout.RowsOf(place);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (!IsBlockOutput(rows[r])) continue;
      if (CellAt(place, r).top[0].id != id) {
        stable.reset();
        continue;
      }
      const auto layer = static_cast<std::size_t>(LayerOfRow(rows[r]));
      if (!hit) hit = layer;
      if (!stable) stable = layer;
    }
    target.first_hit.push_back(hit);
    target.stable_from.push_back(stable);
  }
  return target;
}

}  // namespace

Lens MakeLensPart(const LensOptions& options, const std::vector<TokenId>& ids,
                  const SiteTable& table, const LensFindings& findings,
                  LensPlaces places) {
  Lens lens = LensMaker(options, table, findings)
                  .MakePart(ids, places.first, places.last);
  for (const TokenId id : options.targets) lens.targets.push_back({id, {}, {}});
  return lens;
}

std::vector<Lens> MakeLenses(const LensOptions& options,
                             std::span<const std::vector<TokenId>> prompts,
                             const SiteTable& table,
                             const LensFindings& findings) {
  const LensMaker maker(options, table, findings);
  std::vector<Lens> lenses;
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    lenses.push_back(maker.Make(p, prompts[p]));
  }
  return lenses;
}

}  // namespace pellucid
