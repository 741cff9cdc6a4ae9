// The logit lens: the forward pass that keeps the vectors, the final norm, the
// streaming pass, and the checks on both. Which cells there are is
// lens_layout.h, what readers get lens_results.h; definitions: docs/numerics.md
// and pellucid/lens.h.
#include "pellucid/lens.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <utility>

#include "analysis/lens_layout.h"
#include "analysis/lens_pass.h"
#include "analysis/lens_results.h"
#include "base/buffer.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
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

// kUsage: what of `options` only the model can judge, but for the rows.
Status CheckNumbers(const Model::Impl& model, const LensOptions& options) {
  const std::size_t vocab = model.spec.vocab_size;
  if (options.top_k < 1 || options.top_k > vocab) {
    return UsageError(fmt::format(
        "lens: top-k {}: is not within 1 and the vocabulary's {}; choose one "
        "that is",
        options.top_k, vocab));
  }
  for (const TokenId id : options.targets) {
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

// One run of the lens on a batch of prompts.
class LensRun {
 public:
  LensRun(const Model::Impl& model,
          std::span<const std::vector<TokenId>> prompts,
          const LensOptions& options)
      : model_(model), prompts_(prompts), options_(options) {}

  Result<std::vector<Lens>> Run();

 private:
  RowProbe MakeProbe() const;
  void NormaliseRows(MatrixView vectors);
  Status WatchTokens();
  Result<std::vector<TokenId>> FinalTop1(
      std::span<const std::size_t> places) const;
  Status CheckFinite(const std::vector<DecodedCell>& decoded) const;
  Status CompareWithHead(const std::vector<DecodedCell>& decoded,
                         std::vector<Lens>& lenses) const;
  // A token of its own is followed at this place.
  bool Asks(std::size_t place) const {
    return options_.follow == FollowFinal::kEach || layout_.places[place].last;
  }

  const Model::Impl& model_;
  std::span<const std::vector<TokenId>> prompts_;
  const LensOptions& options_;

  LensLayout layout_;
  PackedPrompts packed_;
  LensCells cells_;
  std::vector<LensWatch> watches_;  // by place
  Buffer final_residuals_;          // [places, d_model], before the norm
};

Result<std::vector<Lens>> LensRun::Run() {
  const FloatEnvironment environment;
  PELLUCID_RETURN_IF_ERROR(model_.CheckPrompts(prompts_));
  PELLUCID_RETURN_IF_ERROR(CheckNumbers(model_, options_));
  PELLUCID_ASSIGN_OR_RETURN(layout_,
                            LayOutLens(options_, prompts_, model_.table));
  packed_ = Pack(prompts_);

  const Clock::time_point start = Clock::now();
  RowProbe probe = MakeProbe();
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
  NormaliseRows(probe.vectors());
  PELLUCID_RETURN_IF_ERROR(WatchTokens());
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<DecodedCell> decoded,
      RunLensPass(model_.pool, model_.head.unembed(), cells_, options_.top_k,
                  options_.stop, part(kForwardShare, 1 - kForwardShare)));
  PELLUCID_RETURN_IF_ERROR(CheckFinite(decoded));
  std::vector<Lens> lenses = MakeLenses(options_, prompts_, model_.table,
                                        {layout_, cells_, watches_, decoded});
  const LensTiming timing{forward_ms, MillisecondsSince(lens_start)};
  for (Lens& lens : lenses) lens.timing = timing;
  PELLUCID_RETURN_IF_ERROR(CompareWithHead(decoded, lenses));
  return lenses;
}

RowProbe LensRun::MakeProbe() const {
  std::vector<std::size_t> tokens;
  std::vector<const std::vector<std::size_t>*> rows_of;
  for (std::size_t i = 0; i < layout_.places.size(); ++i) {
    const LensPlace& place = layout_.places[i];
    tokens.push_back(packed_.offsets[place.prompt] + place.position);
    rows_of.push_back(&layout_.RowsOf(i));
  }
  return RowProbe(std::move(tokens), std::move(rows_of), model_.spec.n_layers,
                  model_.spec.d_model);
}

// Applies the final norm to each vector in place, residual state or not, and
// keeps what the final rows were.
void LensRun::NormaliseRows(MatrixView vectors) {
  final_residuals_ = Buffer(layout_.places.size(), model_.spec.d_model);
  for (std::size_t i = 0; i < layout_.places.size(); ++i) {
    std::ranges::copy(vectors.RowSpan(cells_.offsets[i + 1] - 1),
                      final_residuals_.view().Row(i));
  }
  model_.head.Normalise(model_.pool, vectors, vectors);
  cells_.normed = vectors;
}

Status LensRun::WatchTokens() {
  const bool follows = options_.follow != FollowFinal::kNone;
  std::vector<TokenId> followed;
  if (follows) {
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < layout_.places.size(); ++i) {
      if (Asks(i)) asked.push_back(i);
    }
    PELLUCID_ASSIGN_OR_RETURN(followed, FinalTop1(asked));
  }
  std::size_t k = 0;
  for (std::size_t i = 0; i < layout_.places.size(); ++i) {
    const LensPlace& place = layout_.places[i];
    const std::vector<TokenId>& ids = prompts_[place.prompt];
    std::vector<TokenId> tokens;
    LensWatch watch;
    if (place.position + 1 < ids.size()) {
      watch.next = tokens.size();
      tokens.push_back(ids[place.position + 1]);
    }
    if (follows) {
      watch.followed = tokens.size();
      tokens.push_back(followed[k]);  // kLast: of the prompt's last place
      if (Asks(i)) ++k;
    }
    watch.targets = tokens.size();
    tokens.insert(tokens.end(), options_.targets.begin(),
                  options_.targets.end());
    cells_.watched.push_back(std::move(tokens));
    watches_.push_back(watch);
  }
  return {};
}

// The model's own prediction at some places, before the pass, so that the pass
// can rank it in every row.
Result<std::vector<TokenId>> LensRun::FinalTop1(
    std::span<const std::size_t> places) const {
  std::vector<TokenId> out;
  Buffer rows(kHeadRows, model_.spec.d_model);
  Buffer logits(kHeadRows, model_.spec.vocab_size);
  for (std::size_t begin = 0; begin < places.size(); begin += kHeadRows) {
    const std::size_t count = std::min(kHeadRows, places.size() - begin);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t cell = cells_.offsets[places[begin + i] + 1] - 1;
      std::ranges::copy(cells_.normed.RowSpan(cell), rows.view().Row(i));
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
  for (std::size_t i = 0; i < layout_.places.size(); ++i) {
    for (std::size_t c = cells_.offsets[i]; c < cells_.offsets[i + 1]; ++c) {
      if (std::isfinite(decoded[c].statistics.logz)) continue;
      const std::size_t row = layout_.RowsOf(i)[c - cells_.offsets[i]];
      return ModelError(fmt::format(
          "lens: {}: non-finite logits at position {}; the weights are damaged "
          "or overflow float32",
          model_.table.NameOf(SiteOfRow(row)), layout_.places[i].position));
    }
  }
  return {};
}

Status LensRun::CompareWithHead(const std::vector<DecodedCell>& decoded,
                                std::vector<Lens>& lenses) const {
  Buffer normed(kHeadRows, model_.spec.d_model);
  Buffer logits(kHeadRows, model_.spec.vocab_size);
  const std::size_t places = layout_.places.size();
  for (std::size_t begin = 0; begin < places; begin += kHeadRows) {
    const std::size_t count = std::min(kHeadRows, places - begin);
    model_.head.Normalise(model_.pool,
                          final_residuals_.view().Rows(begin, count),
                          normed.view().Rows(0, count));
    model_.head.Project(model_.pool, normed.view().Rows(0, count),
                        logits.view().Rows(0, count), options_.stop);
    if (options_.stop.stop_requested()) return CancelledError("lens: stopped");
    for (std::size_t i = 0; i < count; ++i) {
      const DecodedCell& cell = decoded[cells_.offsets[begin + i + 1] - 1];
      double& worst = lenses[layout_.places[begin + i].prompt]
                          .max_abs_last_row_minus_logits;
      for (const TopLogit& top : cell.top) {
        const float other = logits.view().Row(i)[top.id];
        worst = std::max(worst, std::abs(static_cast<double>(top.logit) -
                                         static_cast<double>(other)));
      }
    }
  }
  return {};
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

Status CheckLensOptions(const Model& model, const LensOptions& options) {
  PELLUCID_RETURN_IF_ERROR(CheckNumbers(model.impl(), options));
  const auto rows = ResolveRows(options, model.impl().table);
  return rows.ok() ? Status() : Status(rows.error());
}

}  // namespace pellucid
