// The logit lens: which cells to decode, the forward pass, the streaming pass,
// and what readers get. Definitions: docs/numerics.md and pellucid/lens.h.
#include "pellucid/lens.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <utility>

#include "analysis/lens_pass.h"
#include "analysis/lens_rows.h"
#include "base/buffer.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "kernels/math.h"
#include "model/model_impl.h"

namespace pellucid {
namespace {

using Clock = std::chrono::steady_clock;

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start)
      .count();
}

// Rows of logits computed at once where the plain head is run: bounds memory.
constexpr std::size_t kHeadRows = 8;
// Share of a run's time that the forward pass takes, for progress only.
constexpr double kForwardShare = 0.2;

TokenScore ScoreOf(TokenId id, float logit, double logz) {
  const double logprob = static_cast<double>(logit) - logz;
  return {id, logit, static_cast<float>(logprob),
          static_cast<float>(kernels::Exp64(logprob))};
}

// One run of the lens on a batch of prompts.
class LensRun {
 public:
  LensRun(const Model::Impl& model,
          std::span<const std::vector<TokenId>> prompts,
          const LensOptions& options)
      : model_(model), prompts_(prompts), options_(options) {}

  Result<std::vector<Lens>> Run();

 private:
  // A listed position of a prompt.
  struct Place {
    std::size_t prompt = 0;
    std::size_t position = 0;
    bool last = false;  // the last listed one of its prompt
  };
  // Where the watched tokens of a place stand in DecodedCell::ranks.
  struct Watched {
    std::optional<std::size_t> next, followed;
    std::size_t targets = 0;  // index of the first
  };

  Status Check() const;
  Status ListPlaces();
  ResidualProbe MakeProbe() const;
  Status WatchTokens(const ResidualProbe& probe, ConstMatrixView normed);
  Result<std::vector<TokenId>> FinalTop1(std::span<const std::size_t> places,
                                         const ResidualProbe& probe,
                                         ConstMatrixView normed) const;
  Status CheckFinite(const std::vector<DecodedCell>& decoded) const;
  Status CompareWithHead(const std::vector<DecodedCell>& decoded,
                         std::vector<Lens>& lenses) const;
  std::vector<Lens> Report(const std::vector<DecodedCell>& decoded) const;
  LensCell MakeCell(std::size_t place, const DecodedCell& cell) const;
  void Summarise(std::span<const std::size_t> places,
                 const std::vector<DecodedCell>& decoded, Lens& lens) const;
  LensTarget Follow(TokenId id, std::span<const std::size_t> places,
                    const std::vector<DecodedCell>& decoded) const;

  const std::vector<std::size_t>& RowsOf(std::size_t place) const {
    const bool follows =
        options_.follow != FollowFinal::kNone && places_[place].last;
    return options_.targets.empty() && !follows ? rows_.few : rows_.all;
  }
  const std::string& NameOfRow(std::size_t row) const {
    return row == 0 ? model_.table.NameOf({Point::kEmbed})
                    : model_.table.NameOf({Point::kResidPost, row - 1});
  }

  const Model::Impl& model_;
  std::span<const std::vector<TokenId>> prompts_;
  const LensOptions& options_;

  LensRows rows_;
  PackedPrompts packed_;
  std::vector<Place> places_;
  std::vector<std::size_t> first_place_;  // by prompt, and the end
  LensCells cells_;
  std::vector<Watched> watched_;   // by place
  std::vector<TokenId> followed_;  // by place, where followed
  Buffer final_residuals_;         // [places, d_model], before the norm
};

Result<std::vector<Lens>> LensRun::Run() {
  const FloatEnvironment environment;
  PELLUCID_RETURN_IF_ERROR(Check());
  PELLUCID_ASSIGN_OR_RETURN(rows_, ResolveRows(options_, model_.spec.n_layers));
  PELLUCID_RETURN_IF_ERROR(ListPlaces());

  const Clock::time_point start = Clock::now();
  ResidualProbe probe = MakeProbe();
  const auto part = [&](double from, double share) -> Progress {
    if (!options_.progress) return {};
    return [this, from, share](double done) {
      options_.progress(from + share * done);
    };
  };
  PELLUCID_RETURN_IF_ERROR(RunForward(model_.context(), packed_, &probe,
                                      options_.stop, part(0, kForwardShare)));
  const double forward_ms = MillisecondsSince(start);

  const Clock::time_point lens_start = Clock::now();
  cells_.offsets = probe.offsets();
  final_residuals_ = Buffer(places_.size(), model_.spec.d_model);
  for (std::size_t i = 0; i < places_.size(); ++i) {
    std::ranges::copy(probe.residuals().RowSpan(cells_.offsets[i + 1] - 1),
                      final_residuals_.view().Row(i));
  }
  const MatrixView normed = probe.residuals();
  model_.head.Normalise(model_.pool, normed, normed);
  cells_.normed = normed;
  PELLUCID_RETURN_IF_ERROR(WatchTokens(probe, normed));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<DecodedCell> decoded,
      RunLensPass(model_.pool, model_.head.unembed(), cells_, options_.top_k,
                  options_.stop, part(kForwardShare, 1 - kForwardShare)));
  PELLUCID_RETURN_IF_ERROR(CheckFinite(decoded));
  std::vector<Lens> lenses = Report(decoded);
  const LensTiming timing{forward_ms, MillisecondsSince(lens_start)};
  for (Lens& lens : lenses) lens.timing = timing;
  PELLUCID_RETURN_IF_ERROR(CompareWithHead(decoded, lenses));
  return lenses;
}

Status LensRun::Check() const {
  PELLUCID_RETURN_IF_ERROR(model_.CheckPrompts(prompts_));
  const std::size_t vocab = model_.spec.vocab_size;
  if (options_.top_k < 1 || options_.top_k > vocab) {
    return UsageError(fmt::format(
        "lens: top-k {}: is not within 1 and the vocabulary's {}; choose one "
        "that is",
        options_.top_k, vocab));
  }
  for (const TokenId id : options_.targets) {
    if (id < 0 || static_cast<std::size_t>(id) >= vocab) {
      return UsageError(
          fmt::format("lens: target id {}: is not within the model's "
                      "vocabulary; choose one "
                      "of 0 to {}",
                      id, vocab - 1));
    }
  }
  return {};
}

Status LensRun::ListPlaces() {
  packed_ = Pack(prompts_);
  first_place_.push_back(0);
  for (std::size_t p = 0; p < prompts_.size(); ++p) {
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<std::size_t> positions,
                              options_.positions.Resolve(prompts_[p].size()));
    for (const std::size_t position : positions) {
      places_.push_back({p, position, position == positions.back()});
    }
    first_place_.push_back(places_.size());
  }
  return {};
}

ResidualProbe LensRun::MakeProbe() const {
  std::vector<std::size_t> tokens;
  std::vector<const std::vector<std::size_t>*> rows_of;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    tokens.push_back(packed_.offsets[places_[i].prompt] + places_[i].position);
    rows_of.push_back(&RowsOf(i));
  }
  return ResidualProbe(std::move(tokens), std::move(rows_of),
                       model_.spec.n_layers, model_.spec.d_model);
}

Status LensRun::WatchTokens(const ResidualProbe& probe,
                            ConstMatrixView normed) {
  followed_.resize(places_.size());
  if (options_.follow != FollowFinal::kNone) {
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (options_.follow == FollowFinal::kEach || places_[i].last) {
        asked.push_back(i);
      }
    }
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<TokenId> top1,
                              FinalTop1(asked, probe, normed));
    std::size_t k = 0;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      followed_[i] = top1[k];  // kLast: that of the prompt's last place
      if (options_.follow == FollowFinal::kEach || places_[i].last) ++k;
    }
  }
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const std::vector<TokenId>& ids = prompts_[places_[i].prompt];
    std::vector<TokenId> tokens;
    Watched watched;
    if (places_[i].position + 1 < ids.size()) {
      watched.next = tokens.size();
      tokens.push_back(ids[places_[i].position + 1]);
    }
    if (options_.follow != FollowFinal::kNone) {
      watched.followed = tokens.size();
      tokens.push_back(followed_[i]);
    }
    watched.targets = tokens.size();
    tokens.insert(tokens.end(), options_.targets.begin(),
                  options_.targets.end());
    cells_.watched.push_back(std::move(tokens));
    watched_.push_back(watched);
  }
  return {};
}

// The model's own prediction at some places, before the pass, so that the pass
// can rank it in every row.
Result<std::vector<TokenId>> LensRun::FinalTop1(
    std::span<const std::size_t> places, const ResidualProbe& probe,
    ConstMatrixView normed) const {
  std::vector<TokenId> out;
  Buffer rows(kHeadRows, model_.spec.d_model);
  Buffer logits(kHeadRows, model_.spec.vocab_size);
  for (std::size_t begin = 0; begin < places.size(); begin += kHeadRows) {
    const std::size_t count = std::min(kHeadRows, places.size() - begin);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t cell = probe.offsets()[places[begin + i] + 1] - 1;
      std::ranges::copy(normed.RowSpan(cell), rows.view().Row(i));
    }
    model_.head.Project(model_.pool, rows.view().Rows(0, count),
                        logits.view().Rows(0, count), options_.stop);
    if (options_.stop.stop_requested()) return CancelledError("lens: stopped");
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = logits.view().RowSpan(i);
      out.push_back(
          static_cast<TokenId>(std::ranges::max_element(row) - row.begin()));
    }
  }
  return out;
}

// Logits can overflow where the residual stream did not.
Status LensRun::CheckFinite(const std::vector<DecodedCell>& decoded) const {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    for (std::size_t c = cells_.offsets[i]; c < cells_.offsets[i + 1]; ++c) {
      if (std::isfinite(decoded[c].statistics.logz)) continue;
      const std::size_t row = RowsOf(i)[c - cells_.offsets[i]];
      return ModelError(fmt::format(
          "lens: {}: non-finite logits at position {}; the weights are damaged "
          "or overflow float32",
          NameOfRow(row), places_[i].position));
    }
  }
  return {};
}

Status LensRun::CompareWithHead(const std::vector<DecodedCell>& decoded,
                                std::vector<Lens>& lenses) const {
  Buffer normed(kHeadRows, model_.spec.d_model);
  Buffer logits(kHeadRows, model_.spec.vocab_size);
  for (std::size_t begin = 0; begin < places_.size(); begin += kHeadRows) {
    const std::size_t count = std::min(kHeadRows, places_.size() - begin);
    model_.head.Normalise(model_.pool,
                          final_residuals_.view().Rows(begin, count),
                          normed.view().Rows(0, count));
    model_.head.Project(model_.pool, normed.view().Rows(0, count),
                        logits.view().Rows(0, count), options_.stop);
    if (options_.stop.stop_requested()) return CancelledError("lens: stopped");
    for (std::size_t i = 0; i < count; ++i) {
      const DecodedCell& cell = decoded[cells_.offsets[begin + i + 1] - 1];
      double& worst =
          lenses[places_[begin + i].prompt].max_abs_last_row_minus_logits;
      for (const TopLogit& top : cell.top) {
        const float other = logits.view().Row(i)[top.id];
        worst = std::max(worst, std::abs(static_cast<double>(top.logit) -
                                         static_cast<double>(other)));
      }
    }
  }
  return {};
}

std::vector<Lens> LensRun::Report(
    const std::vector<DecodedCell>& decoded) const {
  std::vector<Lens> lenses(prompts_.size());
  for (std::size_t p = 0; p < prompts_.size(); ++p) {
    Lens& lens = lenses[p];
    lens.ids = prompts_[p];
    for (const std::size_t row : rows_.shown) {
      lens.rows.push_back({NameOfRow(row), static_cast<int>(row) - 1, {}});
    }
    std::vector<std::size_t> places;
    for (std::size_t i = first_place_[p]; i < first_place_[p + 1]; ++i) {
      places.push_back(i);
      lens.positions.push_back(places_[i].position);
      const std::vector<std::size_t>& rows = RowsOf(i);
      std::size_t shown = 0;
      for (std::size_t r = 0; r < rows.size(); ++r) {
        if (shown == rows_.shown.size() || rows[r] != rows_.shown[shown]) {
          continue;
        }
        lens.rows[shown++].cells.push_back(
            MakeCell(i, decoded[cells_.offsets[i] + r]));
      }
    }
    Summarise(places, decoded, lens);
    for (const TokenId id : options_.targets) {
      lens.targets.push_back(Follow(id, places, decoded));
    }
    if (options_.follow != FollowFinal::kNone) {
      lens.followed =
          Follow(followed_[places.back()], std::span(places).last(1), decoded);
    }
  }
  return lenses;
}

LensCell LensRun::MakeCell(std::size_t place, const DecodedCell& cell) const {
  const std::vector<TokenId>& tokens = cells_.watched[place];
  const double logz = cell.statistics.logz;
  const auto ranked = [&](std::size_t w) {
    return RankedScore{ScoreOf(tokens[w], cell.watched_logits[w], logz),
                       cell.ranks[w]};
  };
  LensCell out;
  out.position = places_[place].position;
  for (const TopLogit& top : cell.top) {
    out.top.push_back(ScoreOf(top.id, top.logit, logz));
  }
  out.logz = static_cast<float>(logz);
  out.entropy = static_cast<float>(cell.statistics.entropy);
  out.kl_to_final = static_cast<float>(cell.statistics.kl_to_final);
  const Watched& watched = watched_[place];
  if (watched.next) out.next = ranked(*watched.next);
  if (watched.followed) out.final_top1 = ranked(*watched.followed);
  for (std::size_t t = 0; t < options_.targets.size(); ++t) {
    out.targets.push_back(ranked(watched.targets + t));
  }
  return out;
}

void LensRun::Summarise(std::span<const std::size_t> places,
                        const std::vector<DecodedCell>& decoded,
                        Lens& lens) const {
  const auto mean = [](double sum, std::size_t n) -> std::optional<float> {
    if (n == 0) return std::nullopt;
    return static_cast<float>(sum / static_cast<double>(n));
  };
  for (const LensRow& row : lens.rows) {
    double entropy = 0, kl = 0, agree = 0, next = 0;
    std::size_t cells = 0, nexts = 0;
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      const LensCell& cell = row.cells[i];
      if (cell.position < options_.skip_first) continue;
      ++cells;
      entropy += static_cast<double>(cell.entropy);
      kl += static_cast<double>(cell.kl_to_final);
      const std::size_t final_cell = cells_.offsets[places[i] + 1] - 1;
      if (decoded[final_cell].top[0].id == cell.top[0].id) agree += 1;
      if (!cell.next) continue;
      ++nexts;
      next += static_cast<double>(cell.next->score.logprob);
    }
    lens.summary.push_back({row.site, row.layer, mean(entropy, cells),
                            mean(kl, cells), mean(agree, cells),
                            mean(next, nexts)});
  }
}

LensTarget LensRun::Follow(TokenId id, std::span<const std::size_t> places,
                           const std::vector<DecodedCell>& decoded) const {
  LensTarget target{id, {}, {}};
  for (const std::size_t i : places) {
    std::optional<std::size_t> first, stable;
    const std::vector<std::size_t>& rows = RowsOf(i);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (rows[r] == 0) continue;  // the embedding is no block
      const std::size_t layer = rows[r] - 1;
      if (decoded[cells_.offsets[i] + r].top[0].id != id) {
        stable.reset();
        continue;
      }
      if (!first) first = layer;
      if (!stable) stable = layer;
    }
    target.first_hit.push_back(first);
    target.stable_from.push_back(stable);
  }
  return target;
}

}  // namespace

Result<Lens> ComputeLens(const Model& model, std::span<const TokenId> ids,
                         const LensOptions& options) {
  const std::vector<TokenId> prompt(ids.begin(), ids.end());
  PELLUCID_ASSIGN_OR_RETURN(std::vector<Lens> lenses,
                            ComputeLensBatch(model, {&prompt, 1}, options));
  return std::move(lenses.front());
}

Result<std::vector<Lens>> ComputeLensBatch(
    const Model& model, std::span<const std::vector<TokenId>> prompts,
    const LensOptions& options) {
  return CatchOutOfMemory(
      "lens", [&] { return LensRun(model.impl(), prompts, options).Run(); });
}

}  // namespace pellucid
