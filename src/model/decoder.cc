#include "model/decoder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "model/forward.h"
#include "model/model_impl.h"

namespace pellucid {
namespace {

// Shows what belongs to tokens from `first` on of a run of the one prompt.
class LaterTokensProbe : public Probe {
 public:
  LaterTokensProbe(Probe* to, std::size_t first) : to_(to), first_(first) {}

  bool Wants(SiteKey key) const override { return to_->Wants(key); }
  void Visit(SiteKey key, ConstMatrixView value) override {
    to_->Visit(key, value.Rows(first_, value.rows - first_));
  }
  void VisitAttention(SiteKey key, std::size_t prompt, std::size_t head,
                      std::size_t first_query, ConstMatrixView rows) override {
    const std::size_t skipped =
        std::min(first_ - std::min(first_, first_query), rows.rows);
    if (skipped == rows.rows) return;
    to_->VisitAttention(key, prompt, head, first_query + skipped - first_,
                        rows.Rows(skipped, rows.rows - skipped));
  }

 private:
  Probe* to_;
  std::size_t first_;
};

}  // namespace

Decoder::Decoder(Model model)
    : model_(std::move(model)), cache_(model_.impl().spec) {}

Result<std::span<const float>> Decoder::Run(std::span<const TokenId> ids,
                                            Probe* probe,
                                            const std::stop_token& stop) {
  const FloatEnvironment environment;
  const std::size_t before = length();
  Result<std::span<const float>> done =
      CatchOutOfMemory("run", [&] { return RunChecked(ids, probe, stop); });
  if (!done.ok()) Truncate(before);
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

Result<std::span<const float>> Decoder::RunChecked(
    std::span<const TokenId> ids, Probe* probe, const std::stop_token& stop) {
  const Model::Impl& impl = model_.impl();
  const std::size_t before = length(), after = before + ids.size();
  std::vector<TokenId> prompt(ids.begin(), ids.end());
  PELLUCID_RETURN_IF_ERROR(impl.CheckPrompts({&prompt, 1}));
  std::optional<KvCache> anew;
  if (!CacheHolds(after)) {
    anew.emplace(impl.spec);
    prompt.insert(prompt.begin(), tokens_.begin(), tokens_.end());
  }
  LaterTokensProbe later(probe, before);
  PackedPrompts packed = Pack({&prompt, 1});
  packed.caches = {anew ? &*anew : &cache_};
  PELLUCID_ASSIGN_OR_RETURN(
      const Buffer residual,
      RunForward(impl.context(), packed,
                 anew && probe != nullptr ? &later : probe, stop));
  if (anew) cache_ = *std::move(anew);
  table_length_ = after;
  tokens_.insert(tokens_.end(), ids.begin(), ids.end());
  logits_.resize(impl.spec.vocab_size);
  PELLUCID_RETURN_IF_ERROR(impl.LastLogits(
      residual.view().Rows(prompt.size() - 1, 1), length() - 1, logits_, stop));
  return std::span<const float>(logits_);
}

TokenId GreedyToken(std::span<const float> logits) {
  return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) -
                              logits.begin());
}

}  // namespace pellucid
