#include "analysis/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/matrix.h"
#include "base/random.h"
#include "kernels/canonical.h"
#include "kernels/elementwise.h"
#include "kernels/lens_reduce.h"
#include "model/decoder.h"

namespace pellucid {
namespace {

// Of the counter of Philox: others draw noise and rows (trace/edit_run.cc).
constexpr std::uint32_t kTokenStream = 2;

struct Candidate {
  TokenId id;
  float logit;
  float weight;  // exp(logit - the highest)
};

Status CheckRange(std::string_view name, std::optional<double> value, bool fits,
                  std::string_view range) {
  if (!value || (std::isfinite(*value) && fits)) return {};
  return UsageError(fmt::format(
      "generate: {} {}: is not {}; choose one that is", name, *value, range));
}

// Each token once, however often it stands in `before`.
void PenaliseRepeats(float penalty, std::span<const TokenId> before,
                     std::span<float> logits) {
  if (penalty == 1) return;
  std::vector<bool> seen(logits.size());
  for (const TokenId id : before) {
    const auto at = static_cast<std::size_t>(id);
    if (seen[at]) continue;
    seen[at] = true;
    logits[at] = logits[at] < 0 ? logits[at] * penalty : logits[at] / penalty;
  }
}

// The lowest logit that top-k keeps.
float LeastOfTop(std::size_t k, std::span<const float> logits) {
  std::vector<float> top(std::min(k, logits.size()));
  std::partial_sort_copy(logits.begin(), logits.end(), top.begin(), top.end(),
                         std::greater<>());
  return top.back();
}

std::vector<Candidate> CandidatesOf(const SamplingOptions& options,
                                    std::span<const float> logits) {
  const bool all = !options.top_k || *options.top_k >= logits.size();
  const float least = all ? 0 : LeastOfTop(*options.top_k, logits);
  const float highest = *std::ranges::max_element(logits);
  std::vector<float> kept;
  std::vector<Candidate> out;
  kept.reserve(all ? logits.size() : *options.top_k);
  out.reserve(kept.capacity());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (!all && logits[i] < least) continue;
    out.push_back({static_cast<TokenId>(i), logits[i], 0});
    kept.push_back(logits[i]);
  }
  kernels::ExpLess(kept, highest, kept);
  for (std::size_t i = 0; i < out.size(); ++i) out[i].weight = kept[i];
  return out;
}

double TotalWeight(std::span<const Candidate> candidates) {
  double sum = 0;
  for (const Candidate& c : candidates) {
    sum += static_cast<double>(c.weight);
  }
  return sum;
}

// Leaves the most probable ones, of equal ones those of lower ids first, until
// `p` of the probability stands before the next; ordered by id.
void KeepTopP(double p, std::vector<Candidate>& candidates) {
  const double total = TotalWeight(candidates);
  // All below this together are less than 1 - p: none of them is kept, and
  // only the others need an order.
  const double least = total * (1 - p) / static_cast<double>(candidates.size());
  std::erase_if(candidates, [&](const Candidate& c) {
    return static_cast<double>(c.weight) < least;
  });
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  });
  double before = 0;
  std::size_t kept = 0;
  for (; kept < candidates.size() && before < p * total; ++kept) {
    before += static_cast<double>(candidates[kept].weight);
  }
  candidates.resize(std::max<std::size_t>(kept, 1));
  std::ranges::sort(candidates, {}, &Candidate::id);
}

// Of logits that are penalised already.
std::vector<TokenChance> Distribution(const SamplingOptions& options,
                                      std::span<float> logits) {
  const auto temperature = static_cast<float>(options.temperature.value_or(1));
  if (temperature != 1) {
    for (float& logit : logits) logit /= temperature;
  }
  std::vector<Candidate> candidates = CandidatesOf(options, logits);
  if (options.top_p && *options.top_p < 1) {
    KeepTopP(*options.top_p, candidates);
  }
  // The highest has weight 1.
  const double least = options.min_p.value_or(0);
  std::erase_if(candidates, [&](const Candidate& c) {
    return c.weight == 0 || static_cast<double>(c.weight) < least;
  });
  const double total = TotalWeight(candidates);
  std::vector<TokenChance> out;
  out.reserve(candidates.size());
  for (const Candidate& c : candidates) {
    out.push_back({c.id, static_cast<double>(c.weight) / total});
  }
  return out;
}

}  // namespace

bool Draws(const SamplingOptions& options) {
  if (options.temperature) return *options.temperature != 0;
  return options.top_k || options.top_p || options.min_p || options.seed;
}

Status CheckSampling(const SamplingOptions& options) {
  const auto& [penalty, temperature, top_k, top_p, min_p, seed, stream] =
      options;
  // Where it is not 0, so large that it stays a float.
  constexpr double kLeastTemperature = 1e-6;
  PELLUCID_RETURN_IF_ERROR(CheckRange("repetition-penalty", penalty,
                                      penalty >= 1e-6 && penalty <= 1e6,
                                      "within 1e-6 and 1e6"));
  PELLUCID_RETURN_IF_ERROR(
      CheckRange("temperature", temperature,
                 temperature == 0.0 ||
                     (temperature >= kLeastTemperature && temperature <= 1e6),
                 "0 (greedy) and not within 1e-6 and 1e6"));
  PELLUCID_RETURN_IF_ERROR(CheckRange(
      "top-p", top_p, top_p > 0.0 && top_p <= 1.0, "above 0 and at most 1"));
  PELLUCID_RETURN_IF_ERROR(CheckRange(
      "min-p", min_p, min_p >= 0.0 && min_p <= 1.0, "within 0 and 1"));
  if (top_k == std::size_t{0}) {
    return UsageError("generate: top-k 0: keeps no token; choose 1 or more");
  }
  return {};
}

TokenId TokenAt(std::span<const TokenChance> distribution, double uniform) {
  double sum = 0;
  for (const TokenChance& chance : distribution) {
    sum += chance.prob;
    if (sum > uniform) return chance.id;
  }
  return distribution.back().id;  // roundings left the sum below 1
}

TokenId ChooseToken(const SamplingOptions& options,
                    std::span<const TokenId> before, std::size_t index,
                    std::span<const float> logits) {
  const bool draws = Draws(options);
  if (!draws && options.repetition_penalty == 1) return GreedyToken(logits);
  std::vector<float> own(logits.begin(), logits.end());
  PenaliseRepeats(static_cast<float>(options.repetition_penalty), before, own);
  if (!draws) return GreedyToken(own);
  const double uniform = PhiloxUniform(
      {static_cast<std::uint32_t>(index), options.stream, 0, kTokenStream},
      options.seed.value_or(0))[0];
  return TokenAt(Distribution(options, own), uniform);
}

Result<std::vector<TokenChance>> SamplingDistribution(
    const SamplingOptions& options, std::span<const TokenId> before,
    std::span<const float> logits) {
  PELLUCID_RETURN_IF_ERROR(CheckSampling(options));
  if (logits.empty()) {
    return UsageError("generate: logits: there are none; give a whole row");
  }
  for (const TokenId id : before) {
    if (id >= 0 && static_cast<std::size_t>(id) < logits.size()) continue;
    return UsageError(fmt::format(
        "generate: token id {}: is not within the {} logits; choose one of 0 "
        "to {}",
        id, logits.size(), logits.size() - 1));
  }
  std::vector<float> own(logits.begin(), logits.end());
  PenaliseRepeats(static_cast<float>(options.repetition_penalty), before, own);
  if (!Draws(options)) {
    return std::vector<TokenChance>{{GreedyToken(own), 1}};
  }
  return Distribution(options, own);
}

double LogSumExp(std::span<const float> logits) {
  kernels::LensSums all;
  for (std::size_t chunk = 0; chunk < logits.size();
       chunk += kernels::kVocabChunk) {
    const std::size_t end =
        std::min(chunk + kernels::kVocabChunk, logits.size());
    kernels::LensSums sums;
    for (std::size_t at = chunk; at < end; at += kernels::kVocabBlock) {
      const std::size_t count = std::min(kernels::kVocabBlock, end - at);
      kernels::LensBlock block;
      kernels::ReduceLensBlock(ConstMatrixView(logits.data() + at, 1, count),
                               {&block, 1});
      sums.Fold(block.sums);
    }
    all.Fold(sums);
  }
  return kernels::StatisticsOf(all, all, /*is_final=*/true).logz;
}

}  // namespace pellucid
