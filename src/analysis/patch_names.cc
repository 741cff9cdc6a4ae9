// Names of what a patch is asked for.
#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/quote.h"
#include "pellucid/patch.h"

namespace pellucid {
namespace {

template <typename Choice, std::size_t kCount>
using Names = std::array<std::pair<Choice, std::string_view>, kCount>;

constexpr Names<PatchMetric, 5> kMetrics = {
    {{PatchMetric::kLogitDiff, "logit-diff"},
     {PatchMetric::kLogProb, "logprob"},
     {PatchMetric::kProb, "prob"},
     {PatchMetric::kKl, "kl"},
     {PatchMetric::kRank, "rank"}}};
constexpr Names<PatchAxes, 3> kAxes = {
    {{PatchAxes::kLayerPosition, "layer,position"},
     {PatchAxes::kLayerHead, "layer,head"},
     {PatchAxes::kLayer, "layer"}}};
constexpr Names<PatchDirection, 2> kDirections = {
    {{PatchDirection::kDenoise, "denoise"}, {PatchDirection::kNoise, "noise"}}};
constexpr Names<PatchAlign, 3> kAligns = {{{PatchAlign::kStrict, "strict"},
                                           {PatchAlign::kTokens, "tokens"},
                                           {PatchAlign::kSpan, "span"}}};

template <typename Choice, std::size_t kCount>
std::string_view NameOf(const Names<Choice, kCount>& names, Choice choice) {
  for (const auto& [known, name] : names) {
    if (known == choice) return name;
  }
  return "";
}

template <typename Choice, std::size_t kCount>
Result<Choice> Parse(const Names<Choice, kCount>& names, std::string_view text,
                     std::string_view what) {
  std::vector<std::string_view> all;
  for (const auto& [choice, name] : names) {
    if (name == text) return choice;
    all.push_back(name);
  }
  return UsageError(fmt::format("{}: \"{}\": is not known; choose one of {}",
                                what, Quote(std::string(text)),
                                fmt::join(all, "; ")));
}

}  // namespace

std::string_view PatchMetricName(PatchMetric metric) {
  return NameOf(kMetrics, metric);
}
std::string_view PatchAxesName(PatchAxes axes) { return NameOf(kAxes, axes); }
std::string_view PatchDirectionName(PatchDirection direction) {
  return NameOf(kDirections, direction);
}
std::string_view PatchAlignName(PatchAlign align) {
  return NameOf(kAligns, align);
}

Result<PatchMetric> ParsePatchMetric(std::string_view text,
                                     std::string_view what) {
  return Parse(kMetrics, text, what);
}
Result<PatchAxes> ParsePatchAxes(std::string_view text, std::string_view what) {
  return Parse(kAxes, text, what);
}
Result<PatchDirection> ParsePatchDirection(std::string_view text,
                                           std::string_view what) {
  return Parse(kDirections, text, what);
}
Result<PatchAlign> ParsePatchAlign(std::string_view text,
                                   std::string_view what) {
  return Parse(kAligns, text, what);
}

}  // namespace pellucid
