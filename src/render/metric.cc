#include "render/metric.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "render/display_text.h"

namespace pellucid::render {
namespace {

constexpr double kLowestLogprob = -10;  // 5e-5: below, all cells look alike
constexpr double kHighestRank = 2000;   // nostalgebraist's limit
constexpr double kLowShare = 0.05, kHighShare = 0.95;  // percentiles

struct Name {
  Metric metric;
  std::string_view name;
};
constexpr std::array<Name, 6> kNames = {{{Metric::kProb, "prob"},
                                         {Metric::kLogprob, "logprob"},
                                         {Metric::kLogit, "logit"},
                                         {Metric::kRank, "rank"},
                                         {Metric::kEntropy, "entropy"},
                                         {Metric::kKl, "kl"}}};

// The token that the metric is of, in a cell.
const TokenScore* ScoredToken(const Lens& lens, const LensCell& cell) {
  if (!lens.targets.empty()) {
    return cell.targets.empty() ? nullptr : &cell.targets[0].score;
  }
  return cell.top.empty() ? nullptr : &cell.top[0];
}

std::optional<double> Rank(const Lens& lens, const LensCell& cell) {
  if (!lens.targets.empty()) {
    if (cell.targets.empty()) return std::nullopt;
    return static_cast<double>(cell.targets[0].rank);
  }
  if (!cell.final_top1) return std::nullopt;
  return static_cast<double>(cell.final_top1->rank);
}

std::optional<double> RawValue(const Lens& lens, const LensCell& cell,
                               Metric metric) {
  const TokenScore* token = ScoredToken(lens, cell);
  switch (metric) {
    case Metric::kProb:
      return token ? std::optional<double>(token->prob) : std::nullopt;
    case Metric::kLogprob:
      return token ? std::optional<double>(token->logprob) : std::nullopt;
    case Metric::kLogit:
      return token ? std::optional<double>(token->logit) : std::nullopt;
    case Metric::kRank:
      return Rank(lens, cell);
    case Metric::kEntropy:
      return cell.entropy;
    case Metric::kKl:
      return cell.kl_to_final;
  }
  return std::nullopt;
}

std::vector<double> SortedValues(const Lens& lens, Metric metric) {
  std::vector<double> values;
  for (const LensRow& row : lens.rows) {
    for (const LensCell& cell : row.cells) {
      if (const auto value = MetricValue(lens, cell, metric)) {
        values.push_back(*value);
      }
    }
  }
  std::sort(values.begin(), values.end());
  return values;
}

// The value below which `share` of `sorted` lies, the nearest one.
double Percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  const double last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(std::lround(share * last))];
}

// fmt's "-0.00" is a zero.
std::string Fixed(double value, int digits) {
  std::string text = fmt::format("{:.{}f}", value, digits);
  if (text.find_first_not_of("-0.") == std::string::npos && text[0] == '-') {
    text.erase(0, 1);
  }
  return text;
}

std::string Percent(double share) {
  const double percent = share * 100;
  if (share > 0 && percent < 0.5) return "<1%";
  if (share < 1 && percent >= 99.5) return ">99%";
  return Fixed(percent, 0) + "%";
}

}  // namespace

Result<Metric> ParseMetric(std::string_view name) {
  for (const Name& known : kNames) {
    if (known.name == name) return known.metric;
  }
  return UsageError(fmt::format(
      "choose metric: \"{}\": no such metric; use prob, logprob, logit, rank, "
      "entropy or kl",
      DisplayText(name, Spaces::kAsTheyAre)));
}

std::optional<double> MetricValue(const Lens& lens, const LensCell& cell,
                                  Metric metric) {
  const std::optional<double> value = RawValue(lens, cell, metric);
  return value && !std::isnan(*value) ? value : std::nullopt;
}

std::string MetricText(Metric metric, double value) {
  switch (metric) {
    case Metric::kProb:
      return Percent(value);
    case Metric::kLogit:
      return Fixed(value, 1);
    case Metric::kRank:
      return Fixed(value, 0);
    case Metric::kLogprob:
    case Metric::kEntropy:
    case Metric::kKl:
      return Fixed(value, 2);
  }
  return {};
}

std::string MetricCaption(const Lens& lens, Metric metric,
                          const TokenTexts& texts) {
  std::string token = "each cell's top-1 token";
  if (metric == Metric::kRank) token = "the final row's top-1 token";
  if (!lens.targets.empty()) {
    token = QuotedText(TextOrId(texts, lens.targets[0].id));
  }
  switch (metric) {
    case Metric::kProb:
      return "probability of " + token;
    case Metric::kLogprob:
      return "log-probability of " + token + ", nats";
    case Metric::kLogit:
      return "logit of " + token;
    case Metric::kRank:
      return "rank of " + token + ", 1 = highest";
    case Metric::kEntropy:
      return "entropy of the prediction, nats";
    case Metric::kKl:
      return "KL(final row || row), nats";
  }
  return {};
}

MetricScale::MetricScale(const Lens& lens, Metric metric,
                         std::size_t vocab_size)
    : metric_(metric) {
  switch (metric) {
    case Metric::kProb:
      return;
    case Metric::kLogprob:
      low_ = kLowestLogprob;
      high_ = 0;
      clamps_low_ = true;
      return;
    case Metric::kRank:
      low_ = kHighestRank;
      high_ = 1;
      clamps_low_ = true;
      return;
    case Metric::kEntropy:
      high_ = std::log(std::max(2.0, static_cast<double>(vocab_size)));
      return;
    case Metric::kLogit:
    case Metric::kKl:
      break;
  }
  const std::vector<double> values = SortedValues(lens, metric);
  if (metric == Metric::kLogit) low_ = Percentile(values, kLowShare);
  high_ = Percentile(values, kHighShare);
  if (high_ <= low_) high_ = low_ + 1;
  clamps_low_ = !values.empty() && values.front() < low_;
  clamps_high_ = !values.empty() && values.back() > high_;
}

double MetricScale::Shade(double value) const {
  if (metric_ == Metric::kRank) {
    const double at = 1 - std::log(std::max(value, 1.0)) / std::log(low_);
    return std::clamp(at, 0.0, 1.0);
  }
  return std::clamp((value - low_) / (high_ - low_), 0.0, 1.0);
}

std::string MetricScale::Label(double value) const {
  if (metric_ == Metric::kProb || metric_ == Metric::kRank) {
    return MetricText(metric_, value);
  }
  return Fixed(value, 1);
}

std::vector<MetricScale::Tick> MetricScale::Ticks() const {
  std::vector<double> values;
  if (metric_ == Metric::kRank) {
    values = {low_, 100, 10, high_};
  } else {
    for (int i = 0; i <= 4; ++i)
      values.push_back(low_ + (high_ - low_) * i / 4);
  }
  std::vector<Tick> ticks;
  for (const double value : values)
    ticks.push_back({Shade(value), Label(value)});
  const std::string_view beyond =
      metric_ == Metric::kRank ? "\u2265" : "\u2264";
  if (clamps_low_) ticks.front().text.insert(0, beyond);
  if (clamps_high_) ticks.back().text.insert(0, "\u2265");
  return ticks;
}

}  // namespace pellucid::render
