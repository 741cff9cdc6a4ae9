// How good a lens is over a text (pellucid/tune.h).
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "analysis/distributions.h"
#include "analysis/lens_progress.h"
#include "analysis/lens_rows.h"
#include "analysis/lens_translation.h"
#include "analysis/window_states.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "kernels/math.h"
#include "model/model_impl.h"
#include "pellucid/tune.h"

namespace pellucid {
namespace {

// What one row adds up to.
struct Sums {
  double entropy = 0, kl = 0, ce = 0;
  std::size_t agree = 0;
  std::vector<double> mean;  // [vocab]
};

class Evaluation {
 public:
  Evaluation(const Model::Impl& model, const TrainedLens* lens,
             const EvaluateOptions& options)
      : model_(model), lens_(lens), options_(options) {}

  Result<LensEvaluation> Run(std::span<const std::vector<TokenId>> windows);

 private:
  Status CollectRows();
  Status AddBatch(const WindowStates& states);
  void AddCells(const Distributions& final, const Distributions& cells,
                std::span<const WindowPlace> places, Sums& sums);
  LensEvaluation Finish() const;

  const Model::Impl& model_;
  const TrainedLens* lens_;
  const EvaluateOptions& options_;
  std::vector<std::size_t> rows_;  // of the lens; the last is the final one
  std::vector<const LensTranslator*> maps_;  // by row; null: none
  std::vector<Sums> sums_;                   // by row
  std::size_t positions_ = 0, nexts_ = 0;
};

// Without a lens all rows of the stream; else those that it has maps for.
Status Evaluation::CollectRows() {
  std::map<std::size_t, const LensTranslator*> maps;
  if (lens_ != nullptr) {
    PELLUCID_RETURN_IF_ERROR(
        CheckTrainedLens(*lens_, model_.table, lens_->ref));
    for (const LensTranslator& translator : lens_->translators) {
      PELLUCID_ASSIGN_OR_RETURN(const std::size_t row,
                                RowOfTranslator(translator, model_.table));
      maps[row] = &translator;
    }
  }
  const std::vector<std::size_t> all = RowsOfStream(model_);
  for (const std::size_t row : all) {
    const auto map = maps.find(row);
    if (lens_ != nullptr && map == maps.end() && row != all.back()) continue;
    rows_.push_back(row);
    maps_.push_back(map == maps.end() ? nullptr : map->second);
    sums_.emplace_back().mean.resize(model_.spec.vocab_size);
  }
  return {};
}

Result<LensEvaluation> Evaluation::Run(
    std::span<const std::vector<TokenId>> windows) {
  PELLUCID_RETURN_IF_ERROR(CollectRows());
  StagedProgress progress(options_.progress,
                          static_cast<double>(windows.size()));
  for (std::size_t begin = 0; begin < windows.size();) {
    const std::size_t end =
        EndOfBatch(windows, begin, rows_.size(), model_.spec.d_model);
    const Progress batch = progress.Next(static_cast<double>(end - begin));
    PELLUCID_ASSIGN_OR_RETURN(
        const WindowStates states,
        WindowStates::Run(model_, windows.subspan(begin, end - begin), rows_,
                          options_.skip_first, options_.stop));
    PELLUCID_RETURN_IF_ERROR(AddBatch(states));
    if (batch) batch(1);
    begin = end;
  }
  if (positions_ == 0) {
    return UsageError(
        "tune eval: no position is left; give windows of more "
        "tokens than are skipped");
  }
  return Finish();
}

Status Evaluation::AddBatch(const WindowStates& states) {
  const std::size_t most = CellsAtOnce(model_);
  const std::span<const WindowPlace> places(states.places());
  for (std::size_t begin = 0; begin < places.size(); begin += most) {
    const std::size_t count = std::min(most, places.size() - begin);
    const auto some = places.subspan(begin, count);
    const Distributions final = DistributionsOf(
        model_, states.Row(rows_.size() - 1, begin, count).view(),
        options_.stop);
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      if (options_.stop.stop_requested())
        return CancelledError("tune: stopped");
      if (r + 1 == rows_.size()) {
        AddCells(final, final, some, sums_[r]);
        continue;
      }
      Buffer row = states.Row(r, begin, count);
      if (maps_[r] != nullptr) {
        Translate(model_.pool, lens_->kind, *maps_[r], row.view());
      }
      AddCells(final, DistributionsOf(model_, row.view(), options_.stop), some,
               sums_[r]);
    }
    positions_ += count;
    nexts_ += static_cast<std::size_t>(std::ranges::count_if(
        some, [](const WindowPlace& p) { return p.next.has_value(); }));
  }
  return {};
}

// Sums over cells are taken in their order, so that threads change nothing.
void Evaluation::AddCells(const Distributions& final,
                          const Distributions& cells,
                          std::span<const WindowPlace> places, Sums& sums) {
  std::vector<double> kl(places.size()), entropy(places.size());
  std::vector<char> agree(places.size());
  model_.pool.For(places.size(), [&](std::size_t i) {
    kl[i] = &final == &cells ? 0 : Divergence(final, cells, i);
    entropy[i] = EntropyOf(cells, i);
    const auto best = [i](const Distributions& of) {
      const auto row = of.logits.view().RowSpan(i);
      return std::ranges::max_element(row) - row.begin();
    };
    agree[i] = best(final) == best(cells);
  });
  for (std::size_t i = 0; i < places.size(); ++i) {
    sums.kl += kl[i];
    sums.entropy += entropy[i];
    if (agree[i] != 0) ++sums.agree;
    if (!places[i].next) continue;
    sums.ce += cells.logz[i] -
               static_cast<double>(cells.logits.view().Row(i)[*places[i].next]);
  }
  constexpr std::size_t kColumns = 4096;
  const std::size_t vocab = sums.mean.size();
  model_.pool.For(1 + (vocab - 1) / kColumns, [&](std::size_t chunk) {
    const std::size_t end = std::min(vocab, (chunk + 1) * kColumns);
    for (std::size_t i = 0; i < places.size(); ++i) {
      const float* p = cells.probs.view().Row(i);
      for (std::size_t v = chunk * kColumns; v < end; ++v) {
        sums.mean[v] += static_cast<double>(p[v]);
      }
    }
  });
}

LensEvaluation Evaluation::Finish() const {
  LensEvaluation out{
      .rows = {}, .positions = positions_, .next_positions = nexts_};
  const auto n = static_cast<double>(positions_);
  const auto next = static_cast<double>(nexts_);
  const Sums& final = sums_.back();
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    const Sums& sums = sums_[r];
    LensQuality& row = out.rows.emplace_back();
    row.site = model_.table.NameOf(SiteOfRow(rows_[r]));
    row.layer = LayerOfRow(rows_[r]);
    row.entropy = sums.entropy / n;
    row.kl_to_final = sums.kl / n;
    row.top1_agree = static_cast<double>(sums.agree) / n;
    if (nexts_ > 0) {
      row.ce = sums.ce / next;
      row.final_ce = final.ce / next;
    }
    double bias = 0;
    for (std::size_t v = 0; v < sums.mean.size(); ++v) {
      // A probability that is 0 in float32 for all positions has no logarithm.
      if (final.mean[v] <= 0) continue;
      const double mine = std::max(sums.mean[v], 1e-38 * n);
      bias += final.mean[v] / n *
              (kernels::Log64(final.mean[v]) - kernels::Log64(mine));
    }
    row.bias = std::max(0.0, bias);
  }
  return out;
}

}  // namespace

Result<LensEvaluation> EvaluateLens(
    const Model& model, std::span<const std::vector<TokenId>> windows,
    const TrainedLens* lens, const EvaluateOptions& options) {
  return CatchOutOfMemory("tune eval", [&] {
    const FloatEnvironment environment;
    return Evaluation(model.impl(), lens, options).Run(windows);
  });
}

}  // namespace pellucid
