#include "lens_arrays.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "arrays.h"

namespace pellucid::python {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr std::int64_t kNone = -1;  // no such layer, rank or token

using Shape = std::vector<std::size_t>;

// Scores of tokens, one after another; what is not there is NaN and -1.
struct Scores {
  std::vector<std::int64_t> ids, ranks;
  std::vector<float> logits, logprobs, probs;

  void Add(const TokenScore& score) {
    ids.push_back(score.id);
    logits.push_back(score.logit);
    logprobs.push_back(score.logprob);
    probs.push_back(score.prob);
  }
  void Add(const std::optional<RankedScore>& ranked) {
    Add(ranked ? ranked->score
               : TokenScore{static_cast<TokenId>(kNone), kNaN, kNaN, kNaN});
    ranks.push_back(ranked ? static_cast<std::int64_t>(ranked->rank) : kNone);
  }
  nb::dict Arrays(const Shape& shape) {
    nb::dict out;
    out["ids"] = Own(std::move(ids), shape);
    out["logits"] = Own(std::move(logits), shape);
    out["logprobs"] = Own(std::move(logprobs), shape);
    out["probs"] = Own(std::move(probs), shape);
    if (!ranks.empty()) out["ranks"] = Own(std::move(ranks), shape);
    return out;
  }
};

nb::object Layers(const std::vector<std::optional<std::size_t>>& layers) {
  std::vector<std::int64_t> out;
  for (const auto& layer : layers) {
    out.push_back(layer ? static_cast<std::int64_t>(*layer) : kNone);
  }
  const Shape shape = {out.size()};
  return Own(std::move(out), shape);
}

nb::dict DictOf(const LensTarget& target) {
  nb::dict out;
  out["id"] = target.id;
  out["first_hit"] = Layers(target.first_hit);
  out["stable_from"] = Layers(target.stable_from);
  return out;
}

nb::dict DictOf(const LensSummary& summary) {
  nb::dict out;
  out["site"] = summary.site;
  out["layer"] = summary.layer;
  out["entropy"] = summary.entropy;
  out["kl_to_final"] = summary.kl_to_final;
  out["top1_agree"] = summary.top1_agree;
  out["next_logprob"] = summary.next_logprob;
  return out;
}

void AddRows(const Lens& lens, nb::dict& out) {
  std::vector<std::string> sites;
  std::vector<int> layers;
  std::vector<bool> own_norm;
  for (const LensRow& row : lens.rows) {
    sites.push_back(row.site);
    layers.push_back(row.layer);
    own_norm.push_back(row.own_norm);
  }
  out["sites"] = nb::cast(sites);
  out["layers"] = nb::cast(layers);
  out["own_norm"] = nb::cast(own_norm);
}

void AddCells(const Lens& lens, nb::dict& out) {
  Scores top, next, targets, followed;
  std::vector<float> logz, entropy, kl;
  std::size_t k = 0;
  bool follows = false;
  for (const LensRow& row : lens.rows) {
    for (const LensCell& cell : row.cells) {
      k = cell.top.size();
      for (const TokenScore& score : cell.top) top.Add(score);
      next.Add(cell.next);
      for (const RankedScore& score : cell.targets) {
        targets.Add(std::optional(score));
      }
      if (cell.final_top1) {
        follows = true;
        followed.Add(cell.final_top1);
      }
      logz.push_back(cell.logz);
      entropy.push_back(cell.entropy);
      kl.push_back(cell.kl_to_final);
    }
  }
  const Shape cells = {lens.rows.size(), lens.positions.size()};
  out["top"] = top.Arrays({cells[0], cells[1], k});
  out["next"] = next.Arrays(cells);
  out["target_scores"] =
      targets.Arrays({cells[0], cells[1], lens.targets.size()});
  if (follows) out["followed_scores"] = followed.Arrays(cells);
  out["logz"] = Own(std::move(logz), cells);
  out["entropy"] = Own(std::move(entropy), cells);
  out["kl"] = Own(std::move(kl), cells);
}

}  // namespace

nb::dict ArraysOf(const Lens& lens) {
  nb::dict out;
  out["kind"] = std::string(LensKindName(lens.kind));
  out["ids"] = nb::cast(lens.ids);
  out["positions"] = nb::cast(lens.positions);
  AddRows(lens, out);
  AddCells(lens, out);
  nb::list summary, targets;
  for (const LensSummary& row : lens.summary) summary.append(DictOf(row));
  for (const LensTarget& target : lens.targets) targets.append(DictOf(target));
  out["summary"] = summary;
  out["targets"] = targets;
  if (lens.followed) out["followed"] = DictOf(*lens.followed);
  out["max_abs_last_row_minus_logits"] = lens.max_abs_last_row_minus_logits;
  if (lens.error) {
    nb::dict error;
    error["cells"] = lens.error->cells;
    error["max_abs_prob"] = lens.error->max_abs_prob;
    error["mean_abs_prob"] = lens.error->mean_abs_prob;
    error["max_abs_logz"] = lens.error->max_abs_logz;
    error["top_k_equal"] = lens.error->top_k_equal;
    out["error"] = error;
  }
  out["forward_ms"] = lens.timing.forward_ms;
  out["lens_ms"] = lens.timing.lens_ms;
  return out;
}

}  // namespace pellucid::python
