// The logit lens: the forward pass that keeps the vectors, the final norm, the
// streaming pass, and the checks on both; block by block of positions, where
// the vectors of all would be too many. Which cells there are is
// lens_layout.h, what readers get lens_results.h; definitions: docs/numerics.md
// and pellucid/lens.h.
#include "pellucid/lens.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <utility>

#include "analysis/error_meter.h"
#include "analysis/final_rows.h"
#include "analysis/lens_blocks.h"
#include "analysis/lens_checks.h"
#include "analysis/lens_layout.h"
#include "analysis/lens_memory.h"
#include "analysis/lens_of_vectors.h"
#include "analysis/lens_pass.h"
#include "analysis/lens_progress.h"
#include "analysis/lens_results.h"
#include "analysis/lens_translation.h"
#include "base/buffer.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "kernels/canonical.h"
#include "model/model_impl.h"
#include "trace/edit_plan.h"
#include "trace/edit_run.h"

namespace pellucid {
namespace {

using Clock = std::chrono::steady_clock;

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start)
      .count();
}

// What the pass over the vocabulary holds beside its cells' vectors: bytes at
// once, and for each thread more, so that all have tasks to the end of a block.
constexpr std::size_t kPassBytes = std::size_t{64} << 20;
constexpr std::size_t kPassBytesOfThread = std::size_t{4} << 20;

// Cells that the pass may hold at once (lens_pass.h: what a cell takes).
std::size_t CellsOfPass(const Model::Impl& model, const PassOptions& options) {
  constexpr std::size_t kCellBytes = 160;
  const std::size_t vocab = model.spec.vocab_size;
  const std::size_t chunks = 1 + (vocab - 1) / kernels::kVocabChunk;
  const std::size_t kept = std::min(options.Kept(), kernels::kVocabChunk);
  const std::size_t bytes = chunks * (kCellBytes + 2 * sizeof(TopLogit) * kept);
  return (kPassBytes + model.pool.threads() * kPassBytesOfThread) / bytes;
}

// One run of the lens on a batch of prompts.
class LensRun {
 public:
  LensRun(const Model::Impl& model,
          std::span<const std::vector<TokenId>> prompts,
          const LensOptions& options, MatrixView kept = {})
      : model_(model), prompts_(prompts), options_(options), kept_(kept) {}

  Result<std::vector<Lens>> Run();

 private:
  std::vector<LensBlock> Blocks() const;
  double ForwardCostOf(const LensBlock& block) const {
    return kept_.rows > 0 ? 0 : ForwardCost(model_, block.packed);
  }
  double DecodeCost(const LensBlock& block) const;
  Status RunBlock(LensBlock& block, StagedProgress& progress);
  Status DecodeBlock(MatrixView vectors, LensBlock& block,
                     StagedProgress& progress);
  RowProbe MakeProbe(const LensBlock& block) const;
  std::vector<const std::vector<std::size_t>*> RowsOf(
      const LensBlock& block) const;
  void TranslateRows(MatrixView vectors, const LensBlock& block) const;
  void NormaliseRows(MatrixView vectors, LensBlock& block) const;
  bool NeedsHead(std::size_t place) const;
  void WatchTokens(const LensBlock& block);
  Status Decode(const LensBlock& block, const Progress& progress);
  std::vector<LensPlaces> Parts(LensPlaces places) const;
  void HandOver(LensPlaces places) const;
  void NameLens(Lens* lens) const {
    if (!options_.trained) return;
    lens->kind = options_.trained->kind;
    lens->trained_ref = options_.trained->ref;
  }
  bool InOrder() const {
    return (options_.on_part || memory_ != nullptr) &&
           options_.follow != FollowFinal::kLast;
  }
  void Recall();
  void Remember(LensPlaces places);
  Status CheckFinite(LensPlaces places) const;
  void CompareWithHead(const LensBlock& block);

  const Model::Impl& model_;
  std::span<const std::vector<TokenId>> prompts_;
  const LensOptions& options_;
  const PassOptions pass_{options_.top_k, options_.precision};
  MatrixView kept_;  // vectors of all cells, where a run kept them before

  EditPlan edits_;
  LensLayout layout_;
  LensCells cells_;                 // of all places, without vectors
  std::vector<LensWatch> watches_;  // by place
  std::vector<TokenId> last_top1_;  // by prompt: the final row's, last place
  std::vector<DecodedCell> decoded_;
  std::vector<double> differences_;  // by place, from the plain head
  LensReuse::Impl* memory_ = nullptr;
  std::size_t recalled_ = 0;  // places of the one prompt, found before
  std::size_t handed_ = 0;    // with a memory: places that on_part has had
  ErrorMeter error_{model_, options_.top_k, options_.stop};  // of kFast
  LensTiming timing_;
};

Result<std::vector<Lens>> LensRun::Run() {
  const FloatEnvironment environment;
  PELLUCID_RETURN_IF_ERROR(model_.CheckPrompts(prompts_));
  PELLUCID_RETURN_IF_ERROR(CheckOptions(model_, options_));
  PELLUCID_ASSIGN_OR_RETURN(edits_, model_.PlanEdits(options_.edits, prompts_));
  PELLUCID_ASSIGN_OR_RETURN(layout_,
                            LayOutLens(options_, prompts_, model_.table));
  const std::size_t places = layout_.places.size();
  cells_.offsets.push_back(0);
  for (std::size_t i = 0; i < places; ++i) {
    cells_.offsets.push_back(cells_.offsets[i] + layout_.RowsOf(i).size());
  }
  cells_.watched.resize(places);
  watches_.resize(places);
  last_top1_.resize(prompts_.size());
  decoded_.resize(cells_.cells());
  differences_.resize(places);

  Recall();
  std::vector<LensBlock> blocks = Blocks();
  double cost = 0;
  for (const LensBlock& block : blocks) {
    cost += ForwardCostOf(block) + DecodeCost(block);
  }
  StagedProgress progress(options_.progress, cost);
  for (LensBlock& block : blocks) {
    PELLUCID_RETURN_IF_ERROR(kept_.rows > 0
                                 ? DecodeBlock(kept_, block, progress)
                                 : RunBlock(block, progress));
    if (memory_ != nullptr) Remember(block.places);
    block = {};
  }
  const Clock::time_point start = Clock::now();
  std::vector<Lens> lenses = MakeLenses(options_, prompts_, model_.table,
                                        {layout_, cells_, watches_, decoded_});
  timing_.lens_ms += MillisecondsSince(start);
  for (std::size_t p = 0; p < lenses.size(); ++p) {
    lenses[p].timing = timing_;
    NameLens(&lenses[p]);
    for (std::size_t i = layout_.first_place[p]; i < layout_.first_place[p + 1];
         ++i) {
      double& worst = lenses[p].max_abs_last_row_minus_logits;
      worst = std::max(worst, differences_[i]);
    }
    if (options_.precision != LensPrecision::kExact) {
      lenses[p].error = error_.Total();
    }
  }
  return lenses;
}

// Takes over what the memory holds of the prompt's beginning.
void LensRun::Recall() {
  if (!options_.reuse || kept_.rows > 0) return;
  LensReuse::Impl& memory = options_.reuse->impl();
  if (!memory.Fits(model_, prompts_, options_, layout_)) return;
  memory_ = &memory;
  recalled_ = memory.Keep(prompts_[0],
                          {layout_.rows.shown, options_.top_k, options_.targets,
                           options_.follow, options_.trained});
  for (std::size_t i = 0; i < recalled_; ++i) {
    const LensFound& found = memory.found[i];
    std::ranges::copy(
        found.cells,
        decoded_.begin() + static_cast<std::ptrdiff_t>(cells_.offsets[i]));
    cells_.watched[i] = found.watched;
    watches_[i] = found.watch;
    differences_[i] = found.difference;
  }
  if (!options_.on_part) return;
  for (; handed_ + kLensPartPlaces <= recalled_; handed_ += kLensPartPlaces) {
    HandOver({handed_, handed_ + kLensPartPlaces});
  }
}

// Of places that were decoded, whose tokens the cache holds.
void LensRun::Remember(LensPlaces places) {
  for (std::size_t i = places.first; i < places.last; ++i) {
    const auto cells = std::span(decoded_).subspan(
        cells_.offsets[i], cells_.offsets[i + 1] - cells_.offsets[i]);
    memory_->found.push_back({{cells.begin(), cells.end()},
                              cells_.watched[i],
                              watches_[i],
                              differences_[i]});
  }
}

std::vector<LensBlock> LensRun::Blocks() const {
  const std::size_t most =
      kept_.rows > 0
          ? kept_.rows
          : options_.max_residual_bytes / (model_.spec.d_model * sizeof(float));
  LensCut cut;
  cut.first = recalled_;
  cut.most_cells = most;
  cut.in_order = InOrder();
  cut.whole_prompts = !edits_.empty();
  cut.first_part_apart = options_.on_part && kept_.rows == 0;
  cut.cache = memory_ == nullptr ? nullptr : &memory_->cache;
  return CutBlocks(layout_, cells_, prompts_, cut);
}

// As ForwardCost: the cells, and final rows again by the plain head.
double LensRun::DecodeCost(const LensBlock& block) const {
  std::size_t vectors = block.offsets.back();
  for (std::size_t i = block.places.first; i < block.places.last; ++i) {
    if (NeedsHead(i)) ++vectors;
  }
  return static_cast<double>(vectors) *
         static_cast<double>(model_.spec.vocab_size) *
         static_cast<double>(model_.spec.d_model);
}

Status LensRun::RunBlock(LensBlock& block, StagedProgress& progress) {
  const Clock::time_point start = Clock::now();
  RowProbe probe = MakeProbe(block);
  std::vector<EditedRows> rows = EditedRowsOf(block.packed);
  for (EditedRows& prompt : rows) prompt.prompt += block.first_prompt;
  EditRun editor(edits_, std::move(rows));
  PELLUCID_RETURN_IF_ERROR(RunForward(
      model_.context(), block.packed,
      {.probe = &probe,
       .editor = edits_.empty() ? nullptr : &editor,
       .stop = options_.stop,
       .progress = progress.Next(ForwardCost(model_, block.packed))}));
  timing_.forward_ms += MillisecondsSince(start);
  return DecodeBlock(probe.vectors(), block, progress);
}

Status LensRun::DecodeBlock(MatrixView vectors, LensBlock& block,
                            StagedProgress& progress) {
  Clock::time_point start = Clock::now();
  if (options_.trained) TranslateRows(vectors, block);
  NormaliseRows(vectors, block);
  const Clock::time_point head = Clock::now();
  PELLUCID_ASSIGN_OR_RETURN(block.best,
                            BestOfHead(model_, block.final_residuals.view(),
                                       options_.top_k, options_.stop));
  // What is not followed is there to be compared with.
  if (options_.follow == FollowFinal::kNone) start += Clock::now() - head;
  WatchTokens(block);
  PELLUCID_RETURN_IF_ERROR(Decode(block, progress.Next(DecodeCost(block))));
  timing_.lens_ms += MillisecondsSince(start);
  CompareWithHead(block);
  if (options_.precision == LensPrecision::kExact) return {};
  return error_.Add(block.unembedded, std::span(decoded_).subspan(
                                          cells_.offsets[block.places.first],
                                          block.offsets.back()));
}

RowProbe LensRun::MakeProbe(const LensBlock& block) const {
  std::vector<std::size_t> tokens;
  for (std::size_t i = block.places.first; i < block.places.last; ++i) {
    const LensPlace& place = layout_.places[i];
    const std::size_t prompt = place.prompt - block.first_prompt;
    tokens.push_back(block.packed.offsets[prompt] + place.position -
                     block.packed.past(prompt));
  }
  return RowProbe(std::move(tokens), RowsOf(block), model_.spec.n_layers,
                  model_.spec.d_model);
}

// By place of the block.
std::vector<const std::vector<std::size_t>*> LensRun::RowsOf(
    const LensBlock& block) const {
  std::vector<const std::vector<std::size_t>*> out;
  for (std::size_t i = block.places.first; i < block.places.last; ++i) {
    out.push_back(&layout_.RowsOf(i));
  }
  return out;
}

void LensRun::TranslateRows(MatrixView vectors, const LensBlock& block) const {
  TranslateVectors(model_.pool, *options_.trained, model_.table, block.offsets,
                   RowsOf(block), vectors);
}

// Applies the final norm to each vector in place, residual state or not, and
// keeps what the final rows were.
void LensRun::NormaliseRows(MatrixView vectors, LensBlock& block) const {
  for (std::size_t i = 0; i < block.count(); ++i) {
    if (NeedsHead(block.places.first + i)) block.headed.push_back(i);
  }
  block.final_residuals = Buffer(block.headed.size(), model_.spec.d_model);
  for (std::size_t i = 0; i < block.headed.size(); ++i) {
    std::ranges::copy(vectors.RowSpan(block.FinalCell(block.headed[i])),
                      block.final_residuals.view().Row(i));
  }
  model_.head.Normalise(model_.pool, vectors, vectors);
  block.vectors = vectors;
  block.unembedded = vectors;
  if (model_.weights.project_out.empty()) return;
  block.embedded = Buffer(vectors.rows, model_.spec.EmbedWidth());
  model_.head.ToEmbedding(model_.pool, vectors, block.embedded.view());
  block.unembedded = block.embedded.view();
}

// Where a token is followed it has to be known before the pass. What integers
// chose is compared with all that might have been chosen.
bool LensRun::NeedsHead(std::size_t place) const {
  return options_.precision != LensPrecision::kExact ||
         options_.follow == FollowFinal::kEach ||
         (options_.follow == FollowFinal::kLast && layout_.places[place].last);
}

void LensRun::WatchTokens(const LensBlock& block) {
  const bool follows = options_.follow != FollowFinal::kNone;
  std::vector<TokenId> own(block.count());  // of headed places
  for (std::size_t i = 0; i < block.headed.size(); ++i) {
    const std::size_t at = block.headed[i];
    const LensPlace& place = layout_.places[block.places.first + at];
    own[at] = block.best[i].front().id;
    if (place.last) last_top1_[place.prompt] = own[at];
  }
  for (std::size_t i = block.places.first; i < block.places.last; ++i) {
    const LensPlace& place = layout_.places[i];
    const std::vector<TokenId>& ids = prompts_[place.prompt];
    std::vector<TokenId>& tokens = cells_.watched[i];
    LensWatch& watch = watches_[i];
    if (place.position + 1 < ids.size()) {
      watch.next = tokens.size();
      tokens.push_back(ids[place.position + 1]);
    }
    if (follows) {
      watch.followed = tokens.size();
      tokens.push_back(options_.follow == FollowFinal::kEach
                           ? own[i - block.places.first]
                           : last_top1_[place.prompt]);
    }
    watch.targets = tokens.size();
    tokens.insert(tokens.end(), options_.targets.begin(),
                  options_.targets.end());
  }
}

// Runs the pass on as many places at once as its memory allows.
Status LensRun::Decode(const LensBlock& block, const Progress& progress) {
  StagedProgress parts(progress, static_cast<double>(block.offsets.back()));
  for (const LensPlaces places : Parts(block.places)) {
    const std::size_t first = cells_.offsets[places.first];
    LensCells cells;
    for (std::size_t i = places.first; i <= places.last; ++i) {
      cells.offsets.push_back(cells_.offsets[i] - first);
    }
    const auto watched = std::span(cells_.watched)
                             .subspan(places.first, places.last - places.first);
    cells.watched.assign(watched.begin(), watched.end());
    cells.normed = block.unembedded.Rows(
        first - cells_.offsets[block.places.first], cells.cells());
    PELLUCID_ASSIGN_OR_RETURN(
        std::vector<DecodedCell> decoded,
        RunLensPass(model_.pool, model_.head, cells, pass_, options_.stop,
                    parts.Next(static_cast<double>(cells.cells()))));
    std::ranges::move(decoded,
                      decoded_.begin() + static_cast<std::ptrdiff_t>(first));
    PELLUCID_RETURN_IF_ERROR(CheckFinite(places));
    if (!options_.on_part) continue;
    HandOver(
        memory_ == nullptr
            ? places
            : LensPlaces{std::exchange(handed_, places.last), places.last});
  }
  return {};
}

// Places of a block that go through the pass together. Parts begin at the same
// places whatever was found before.
std::vector<LensPlaces> LensRun::Parts(LensPlaces places) const {
  const std::size_t most = CellsOfPass(model_, pass_);
  if (!options_.on_part) return SplitPlaces(layout_, places, most);
  std::vector<LensPlaces> parts;
  for (LensPlaces some = places; some.first < places.last;
       some.first = some.last) {
    some.last = std::min(LensPartEnd(some.first), places.last);
    std::ranges::copy(SplitPlaces(layout_, some, most),
                      std::back_inserter(parts));
  }
  return parts;
}

// A part may reach from one prompt into the next.
void LensRun::HandOver(LensPlaces places) const {
  while (places.first < places.last) {
    const std::size_t prompt = layout_.places[places.first].prompt;
    const std::size_t end =
        std::min(places.last, layout_.first_place[prompt + 1]);
    Lens part = MakeLensPart(options_, prompts_[prompt], model_.table,
                             {layout_, cells_, watches_, decoded_},
                             {places.first, end});
    NameLens(&part);
    options_.on_part(prompt, part);
    places.first = end;
  }
}

// Logits can overflow where the residual stream did not.
Status LensRun::CheckFinite(LensPlaces places) const {
  for (std::size_t i = places.first; i < places.last; ++i) {
    for (std::size_t c = cells_.offsets[i]; c < cells_.offsets[i + 1]; ++c) {
      if (std::isfinite(decoded_[c].statistics.logz)) continue;
      const std::size_t row = layout_.RowsOf(i)[c - cells_.offsets[i]];
      return ModelError(fmt::format(
          "lens: {}: non-finite logits at position {}; the weights are damaged "
          "or overflow float32",
          model_.table.NameOf(SiteOfRow(row)), layout_.places[i].position));
    }
  }
  return {};
}

void LensRun::CompareWithHead(const LensBlock& block) {
  const auto kept = [&](std::size_t i) -> std::span<const TopLogit> {
    return decoded_[cells_.offsets[block.places.first + i + 1] - 1].top;
  };
  std::vector<bool> compared(block.count());
  for (std::size_t i = 0; i < block.headed.size(); ++i) {
    const std::size_t at = block.headed[i];
    compared[at] = true;
    differences_[block.places.first + at] =
        WorstDifference(kept(at), block.best[i]);
  }
  model_.pool.For(block.count(), [&](std::size_t i) {
    if (compared[i]) return;
    differences_[block.places.first + i] = WorstOfKept(
        model_.head, block.unembedded.RowSpan(block.FinalCell(i)), kept(i));
  });
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

Result<Lens> DecodeVectors(const Model::Impl& model,
                           const std::vector<TokenId>& ids,
                           const LensOptions& options, MatrixView vectors) {
  return CatchOutOfMemory("lens", [&]() -> Result<Lens> {
    PELLUCID_ASSIGN_OR_RETURN(
        std::vector<Lens> lenses,
        LensRun(model, {&ids, 1}, options, vectors).Run());
    return std::move(lenses.front());
  });
}

Status CheckLensOptions(const Model& model, const LensOptions& options) {
  PELLUCID_RETURN_IF_ERROR(CheckOptions(model.impl(), options));
  const auto rows = ResolveRows(options, model.impl().table);
  return rows.ok() ? Status() : Status(rows.error());
}

}  // namespace pellucid
