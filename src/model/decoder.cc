#include "model/decoder.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "model/forward.h"
#include "model/model_impl.h"

namespace pellucid {
namespace {

// Shows what belongs to tokens from position `length` on of the one sequence.
class LaterTokensProbe : public GrowthProbe {
 public:
  LaterTokensProbe(Probe& to, std::size_t length) : to_(to), length_(length) {}

  void Begin(std::span<const EditedRows> rows) override {
    first_ = length_ - rows.front().past;
  }
  bool Wants(SiteKey key) const override { return to_.Wants(key); }
  void Visit(SiteKey key, ConstMatrixView value) override {
    to_.Visit(key, value.Rows(first_, value.rows - first_));
  }
  void VisitAttention(SiteKey key, std::size_t prompt, std::size_t head,
                      std::size_t first_query, ConstMatrixView rows) override {
    const std::size_t skipped =
        std::min(first_ - std::min(first_, first_query), rows.rows);
    if (skipped == rows.rows) return;
    to_.VisitAttention(key, prompt, head, first_query + skipped - first_,
                       rows.Rows(skipped, rows.rows - skipped));
  }

 private:
  Probe& to_;
  std::size_t length_;
  std::size_t first_ = 0;
};

}  // namespace

Decoder::Decoder(Model model)
    : model_(std::move(model)), cache_(model_.impl().spec) {}

Result<std::span<const float>> Decoder::Run(std::span<const TokenId> ids,
                                            Probe* probe,
                                            const std::stop_token& stop) {
  std::optional<LaterTokensProbe> later;
  if (probe != nullptr) later.emplace(*probe, length());
  logits_.resize(model_.impl().spec.vocab_size);
  const Step step{this, ids};
  PELLUCID_RETURN_IF_ERROR(RunTogether(
      {&step, 1}, {.probe = later ? &*later : nullptr, .stop = stop},
      {logits_.data(), 1, logits_.size()}));
  return std::span<const float>(logits_);
}

Status Decoder::RunTogether(std::span<const Step> steps,
                            const Together& options, MatrixView logits) {
  if (steps.empty()) return {};
  const FloatEnvironment environment;
  std::vector<std::size_t> before;
  for (const Step& step : steps) before.push_back(step.decoder->length());
  const Status done = CatchOutOfMemory(
      "run", [&] { return RunChecked(steps, options, logits); });
  if (done.ok()) return done;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    steps[i].decoder->Truncate(before[i]);
  }
  return done;
}

void Decoder::Truncate(std::size_t length) {
  cache_.Truncate(length);
  tokens_.resize(length);
}

bool Decoder::CacheHolds(std::size_t length) const {
  return cache_.length() == 0 ||
         std::ranges::all_of(model_.impl().spec.ropes,
                             [&](const RopeSpec& rope) {
                               return rope.SameTable(table_length_, length);
                             });
}

Status Decoder::RunChecked(std::span<const Step> steps, const Together& options,
                           MatrixView logits) {
  const Model::Impl& impl = steps.front().decoder->model_.impl();
  assert(logits.rows == steps.size() && logits.cols == impl.spec.vocab_size);
  std::vector<std::vector<TokenId>> pieces;
  for (const Step& step : steps) {
    pieces.emplace_back(step.ids.begin(), step.ids.end());
  }
  PELLUCID_RETURN_IF_ERROR(impl.CheckPrompts(pieces));
  std::vector<std::optional<KvCache>> anew(steps.size());
  std::vector<KvCache*> caches;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    Decoder& decoder = *steps[i].decoder;
    assert(&decoder.model_.impl() == &impl);
    if (!decoder.CacheHolds(decoder.length() + pieces[i].size())) {
      anew[i].emplace(impl.spec);
      pieces[i].insert(pieces[i].begin(), decoder.tokens_.begin(),
                       decoder.tokens_.end());
    }
    caches.push_back(anew[i] ? &*anew[i] : &decoder.cache_);
  }
  PackedPrompts packed = Pack(pieces);
  packed.caches = std::move(caches);
  std::vector<EditedRows> rows = EditedRowsOf(packed);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    rows[i].prompt = steps[i].prompt;
  }
  if (options.probe != nullptr) options.probe->Begin(rows);
  std::optional<EditRun> editor;
  if (options.edits != nullptr && !options.edits->empty()) {
    editor.emplace(*options.edits, std::move(rows));
  }
  std::vector<std::size_t> last, positions;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    last.push_back(packed.offsets[i + 1] - 1);
  }
  PELLUCID_ASSIGN_OR_RETURN(const Forwarded done,
                            RunForward(impl.context(), packed,
                                       {.probe = options.probe,
                                        .editor = editor ? &*editor : nullptr,
                                        .read = last,
                                        .stop = options.stop}));
  for (std::size_t i = 0; i < steps.size(); ++i) {
    Decoder& decoder = *steps[i].decoder;
    if (anew[i]) decoder.cache_ = *std::move(anew[i]);
    decoder.table_length_ = decoder.length();
    decoder.tokens_.insert(decoder.tokens_.end(), steps[i].ids.begin(),
                           steps[i].ids.end());
    positions.push_back(decoder.length() - 1);
  }
  return impl.LogitsOfRows(done, done.rows, positions, logits, options.stop);
}

TokenId GreedyToken(std::span<const float> logits) {
  return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) -
                              logits.begin());
}

}  // namespace pellucid
