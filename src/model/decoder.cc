#include "model/decoder.h"

#include <algorithm>
#include <utility>

#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "model/forward.h"
#include "model/model_impl.h"

namespace pellucid {

Decoder::Decoder(Model model)
    : model_(std::move(model)), cache_(model_.impl().spec) {}

Result<std::span<const float>> Decoder::Run(std::span<const TokenId> ids,
                                            Probe* probe,
                                            const std::stop_token& stop) {
  const FloatEnvironment environment;
  const std::size_t before = length();
  Result<std::span<const float>> done =
      CatchOutOfMemory("run", [&] { return RunChecked(ids, probe, stop); });
  if (!done.ok()) cache_.Truncate(before);
  return done;
}

Result<std::span<const float>> Decoder::RunChecked(
    std::span<const TokenId> ids, Probe* probe, const std::stop_token& stop) {
  const Model::Impl& impl = model_.impl();
  const std::vector<TokenId> prompt(ids.begin(), ids.end());
  PELLUCID_RETURN_IF_ERROR(impl.CheckPrompts({&prompt, 1}));
  PackedPrompts packed = Pack({&prompt, 1});
  packed.caches = {&cache_};
  PELLUCID_ASSIGN_OR_RETURN(const Buffer residual,
                            RunForward(impl.context(), packed, probe, stop));
  logits_.resize(impl.spec.vocab_size);
  PELLUCID_RETURN_IF_ERROR(impl.LastLogits(
      residual.view().Rows(ids.size() - 1, 1), length() - 1, logits_, stop));
  return std::span<const float>(logits_);
}

TokenId GreedyToken(std::span<const float> logits) {
  return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) -
                              logits.begin());
}

}  // namespace pellucid
