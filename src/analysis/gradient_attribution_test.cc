// Gradients of every metric against what small edits do, and sums of them
// against their definitions. (Gradients themselves: gradient_golden_test.cc.)
#include "pellucid/gradient_attribution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "pellucid/edit.h"
#include "pellucid/gradient.h"
#include "pellucid/model.h"
#include "pellucid/patch.h"
#include "testutil/compare.h"
#include "testutil/golden_json.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

using ::testing::DoubleNear;
using ::testing::HasSubstr;

constexpr TokenId kAnswer = 3, kFoil = 5;

Model Open(const std::string& name, std::size_t threads = 2) {
  return Model::Open(testutil::GoldenPath(name), {.threads = threads}).value();
}

std::vector<TokenId> RandomIds(const Model& model, std::uint64_t seed,
                               std::size_t count) {
  testutil::Random random(seed);
  std::vector<TokenId> ids(count);
  for (TokenId& id : ids) {
    id = static_cast<TokenId>(random.Below(model.info().vocab_size));
  }
  return ids;
}

PatchPair MakePair(const Model& model) {
  PatchPair pair;
  pair.clean = RandomIds(model, 1, 7);
  pair.corrupt = pair.clean;
  pair.corrupt[2] = (pair.clean[2] + 1) % 7;
  pair.corrupt[4] = (pair.clean[4] + 2) % 7;
  pair.answer = {kAnswer};
  pair.foil = {kFoil};
  return pair;
}

std::string SiteName(const std::string& site, std::size_t layer) {
  const std::string block = "blocks." + std::to_string(layer) + ".";
  if (site == "attn_out" || site == "mlp_out" || site.starts_with("resid")) {
    return block + "hook_" + site;
  }
  return block + "attn.hook_" + site;
}

// Of each way that blocks are built.
const char* const kModels[] = {
    "tiny_hf/llama_head_dim", "families/gemma2_plain", "families/gptj_plain",
    "families/bloom_plain", "families/qwen2_moe_plain"};

struct MetricCase {
  PatchMetric metric;
  std::vector<TokenId> answer, foil;
};

std::vector<MetricCase> MetricCases() {
  return {{PatchMetric::kLogitDiff, {3}, {5}},
          {PatchMetric::kLogitDiff, {3, 4, 2}, {5, 1}},
          {PatchMetric::kLogProb, {3}, {}},
          {PatchMetric::kLogProb, {3, 4}, {}},
          {PatchMetric::kProb, {3}, {}},
          {PatchMetric::kProb, {3, 4}, {}},
          {PatchMetric::kKl, {}, {}}};
}

// The metric of a run under an edit: one cell of a patch, whose other run is
// the edited one.
double MetricOf(const Model& model, const MetricCase& c,
                const std::vector<TokenId>& ids,
                const std::vector<TokenId>& reference,
                const std::vector<Edit>& edits) {
  const auto logits_of = [&](const std::vector<TokenId>& behind,
                             const std::vector<TokenId>& prompt,
                             const std::vector<Edit>& made) {
    std::vector<TokenId> all = prompt;
    all.insert(all.end(), behind.begin(), behind.end());
    return model.Run(all, {.sites = {"logits"}, .edits = made})
        .value()
        .sites.at("logits");
  };
  const auto log_prob = [](std::span<const float> row, std::size_t token) {
    double sum = 0;
    for (const float x : row) sum += std::exp(double{x});
    return double{row[token]} - std::log(sum);
  };
  const auto said = [&](const std::vector<TokenId>& tokens) {
    const Tensor logits =
        logits_of({tokens.begin(), tokens.end() - 1}, ids, edits);
    double sum = 0;
    for (std::size_t j = 0; j < tokens.size(); ++j) {
      sum += log_prob(logits.Row(ids.size() - 1 + j),
                      static_cast<std::size_t>(tokens[j]));
    }
    return sum;
  };
  switch (c.metric) {
    case PatchMetric::kLogitDiff:
      return said(c.answer) - said(c.foil);
    case PatchMetric::kLogProb:
      return said(c.answer);
    case PatchMetric::kProb:
      return std::exp(said(c.answer));
    default:
      break;
  }
  const Tensor ours = logits_of({}, ids, edits);
  const Tensor theirs = logits_of({}, reference, {});
  double kl = 0;
  for (std::size_t v = 0; v < model.info().vocab_size; ++v) {
    const double p = log_prob(theirs.Row(reference.size() - 1), v);
    kl += std::exp(p) * (p - log_prob(ours.Row(ids.size() - 1), v));
  }
  return kl;
}

// Central differences of step h err by h^2 times third derivatives, and by
// roundings of logits, about 1e-6 / h: some 1e-4 of a gradient of length 1.
TEST(GradientTest, PredictsWhatSmallEditsDoToEveryMetric) {
  constexpr float kStep = 5e-3f;
  for (const std::string name :
       {"tiny_hf/llama_head_dim", "families/gemma2_plain"}) {
    const Model model = Open(name);
    const auto ids = RandomIds(model, 1, 6), other = RandomIds(model, 2, 6);
    for (const MetricCase& c : MetricCases()) {
      const std::string site = "blocks.0.hook_resid_post";
      const auto gradient = ComputeGradient(
          model, ids,
          {.sites = {site, "logits", "blocks.1.attn.hook_pattern"},
           .metric = c.metric,
           .answer = c.answer,
           .foil = c.foil,
           .reference =
               c.metric == PatchMetric::kKl ? other : std::vector<TokenId>{}});
      ASSERT_TRUE(gradient.ok()) << gradient.error().message;
      const Tensor& g = *gradient->trace.Find(site);
      ASSERT_EQ(g.shape, (std::vector<std::size_t>{6, model.info().d_model}));
      EXPECT_EQ(gradient->trace.Find("logits")->shape[0], 6u);
      EXPECT_EQ(gradient->trace.Find("blocks.1.attn.hook_pattern")->shape[2],
                6u);
      EXPECT_NEAR(gradient->value, MetricOf(model, c, ids, other, {}), 1e-4);
      Edit edit{.site = site, .kind = EditKind::kAdd};
      edit.values = Tensor({1, model.info().d_model});
      edit.values.data = testutil::Noise(edit.values.data.size(), 3);
      edit.scope.positions = Selection::Of({1, 5});
      double expected = 0;
      for (const std::size_t t : {std::size_t{1}, std::size_t{5}}) {
        for (std::size_t i = 0; i < edit.values.data.size(); ++i) {
          expected += double{g.Row(t)[i]} * double{edit.values.data[i]};
        }
      }
      edit.factor = kStep;
      const double above = MetricOf(model, c, ids, other, {edit});
      edit.factor = -kStep;
      const double below = MetricOf(model, c, ids, other, {edit});
      double square = 0;
      for (const float x : g.data) square += double{x} * double{x};
      EXPECT_NEAR((above - below) / (2 * double{kStep}), expected,
                  5e-3 * std::max(0.1, std::sqrt(square)))
          << name << ", " << PatchMetricName(c.metric) << " of "
          << c.answer.size();
    }
  }
}

double Dot(std::span<const float> a, std::span<const float> b,
           std::span<const float> g) {
  double sum = 0;
  for (std::size_t i = 0; i < g.size(); ++i) {
    sum += (double{a[i]} - double{b[i]}) * double{g[i]};
  }
  return sum;
}

// By position of rows [tokens, ...].
TEST(EstimatePatchTest, IsTheDifferenceTimesTheGradient) {
  for (const std::string name : kModels) {
    const Model model = Open(name);
    const PatchPair pair = MakePair(model);
    for (const std::string site : {"resid_pre", "resid_post", "z", "k", "v"}) {
      SCOPED_TRACE(name + ", " + site);
      const auto grid = EstimatePatch(model, pair, {.site = site});
      ASSERT_TRUE(grid.ok()) << grid.error().message;
      const auto truth = Patch(model, pair, {.site = site});
      ASSERT_TRUE(truth.ok());
      EXPECT_EQ(grid->clean, truth->clean);
      EXPECT_EQ(grid->corrupt, truth->corrupt);
      EXPECT_EQ(grid->rows, truth->rows);
      EXPECT_EQ(grid->columns, truth->columns);
      for (std::size_t l = 0; l < grid->rows.size(); ++l) {
        const std::string at = SiteName(site, l);
        const Trace clean = model.Run(pair.clean, {.sites = {at}}).value();
        const Trace corrupt = model.Run(pair.corrupt, {.sites = {at}}).value();
        const auto gradient = ComputeGradient(
            model, pair.corrupt,
            {.sites = {at}, .answer = pair.answer, .foil = pair.foil});
        ASSERT_TRUE(gradient.ok()) << gradient.error().message;
        for (std::size_t t = 0; t < 7; ++t) {
          const double effect =
              Dot(clean.Find(at)->Row(t), corrupt.Find(at)->Row(t),
                  gradient->trace.Find(at)->Row(t));
          EXPECT_NEAR(grid->values[l][t] - grid->corrupt, effect,
                      1e-5 * std::max(1.0, std::abs(effect)));
        }
      }
    }
  }
}

TEST(EstimatePatchTest, HeadsAndWholeBlocksSumUpPositions) {
  const Model model = Open("families/gemma2_plain");
  const PatchPair pair = MakePair(model);
  const auto effects = [&](const std::string& site, PatchAxes axes) {
    const PatchGrid grid =
        EstimatePatch(model, pair, {.site = site, .axes = axes}).value();
    std::vector<double> sums;
    for (const auto& row : grid.values) {
      double sum = 0;
      for (const double value : row) sum += value - grid.corrupt;
      sums.push_back(sum);
    }
    return sums;
  };
  for (const std::string site : {"z", "pattern"}) {
    const auto positions = effects(site, PatchAxes::kLayerPosition);
    const auto heads = effects(site, PatchAxes::kLayerHead);
    const auto blocks = effects(site, PatchAxes::kLayer);
    for (std::size_t l = 0; l < blocks.size(); ++l) {
      EXPECT_NE(blocks[l], 0);
      EXPECT_THAT(positions[l], DoubleNear(blocks[l], 1e-9)) << site;
      EXPECT_THAT(heads[l], DoubleNear(blocks[l], 1e-9)) << site;
    }
  }
}

// Patching the final residual state at the last position is the clean run's
// end, to which the estimate is exact where the metric is linear behind it: a
// model whose final norm hardly differs between the two is close to that.
TEST(EstimatePatchTest, RanksCellsAsPatchingDoes) {
  const Model model = Open("tiny_hf/llama_head_dim");
  const PatchPair pair = MakePair(model);
  const PatchOptions options{.site = "z", .axes = PatchAxes::kLayerHead};
  const auto agreement =
      CompareEstimate(EstimatePatch(model, pair, options).value(),
                      Patch(model, pair, options).value());
  ASSERT_TRUE(agreement.ok());
  EXPECT_EQ(agreement->effects.size(), agreement->estimates.size());
  ASSERT_TRUE(agreement->rank_correlation.has_value());
  EXPECT_GT(*agreement->rank_correlation, 0.5);
}

TEST(EstimatePatchTest, SequencesAndDirectionsAndLengthsFit) {
  const Model model = Open("tiny_hf/llama_head_dim");
  PatchPair pair = MakePair(model);
  pair.answer = {3, 4};
  pair.foil = {5, 1, 2};
  pair.corrupt.insert(pair.corrupt.begin() + 3, 6);
  for (const PatchDirection direction :
       {PatchDirection::kDenoise, PatchDirection::kNoise}) {
    const PatchOptions options{.site = "mlp_out",
                               .direction = direction,
                               .align = PatchAlign::kTokens};
    const auto estimate = EstimatePatch(model, pair, options);
    ASSERT_TRUE(estimate.ok()) << estimate.error().message;
    const auto truth = Patch(model, pair, options);
    ASSERT_TRUE(truth.ok());
    EXPECT_THAT(estimate->clean, DoubleNear(truth->clean, 1e-9));
    EXPECT_THAT(estimate->corrupt, DoubleNear(truth->corrupt, 1e-9));
    EXPECT_EQ(estimate->columns, truth->columns);
    EXPECT_EQ(estimate->ids, truth->ids);
  }
}

TEST(EstimatePatchTest, ThreadsAndKeptBlocksChangeNoBit) {
  const PatchOptions all{.site = "attn_out"};
  const Model one = Open("families/gemma2_plain", 1);
  const Model three = Open("families/gemma2_plain", 3);
  const PatchPair pair = MakePair(one);
  const auto a = EstimatePatch(one, pair, all);
  PatchOptions tight = all;  // room for the site, not for a block
  tight.max_bytes = 7 * one.info().d_model * one.info().n_layers * 4;
  const auto b = EstimatePatch(three, pair, tight);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->values, b->values);
}

TEST(EstimatePatchTest, RefusesWhatHasNoFirstOrder) {
  const Model model = Open("tiny_hf/llama_head_dim");
  PatchPair pair = MakePair(model);
  const auto message = [&](const PatchOptions& options) {
    const auto grid = EstimatePatch(model, pair, options);
    EXPECT_FALSE(grid.ok());
    return grid.ok() ? "" : grid.error().message;
  };
  EXPECT_THAT(message({.window = 3}), HasSubstr("window"));
  EXPECT_THAT(message({.site = "rotary"}), HasSubstr("rotary"));
  pair.foil = {};
  EXPECT_THAT(message({}), HasSubstr("needs a foil"));
  EXPECT_THAT(message({.metric = PatchMetric::kRank}),
              HasSubstr("has no derivative"));
}

// The cells of a row sum to what the row changes; the midpoint rule of n parts
// errs by about 1 / n^2. Not where a mixture changes its choice on the way.
TEST(ActivationsTest, IntegratedGradientsAreComplete) {
  for (const std::string name : kModels) {
    if (name.find("moe") != std::string::npos) continue;
    const Model model = Open(name);
    const auto ids = RandomIds(model, 1, 5), other = RandomIds(model, 2, 5);
    for (const std::string site : {"embed", "mlp_out", "z", "pattern"}) {
      ActivationOptions options;
      options.site = site;
      options.answer = {kAnswer};
      options.foil = {kFoil};
      options.baseline = other;  // zeros are far away where there are norms
      options.steps = 200;
      if (site == "pattern") options.axes = PatchAxes::kLayerHead;
      const auto grid = AttributeActivations(model, ids, options);
      ASSERT_TRUE(grid.ok()) << grid.error().message;
      for (std::size_t r = 0; r < grid->rows.size(); ++r) {
        const std::vector<double>& row = grid->values[r];
        EXPECT_NEAR(std::accumulate(row.begin(), row.end(), 0.0),
                    grid->total[r], 1e-9);
        const double change = grid->value - grid->baseline[r];
        EXPECT_NEAR(grid->total[r], change,
                    5e-3 * std::max(1.0, std::abs(change)))
            << name << ", " << site << ", block " << r;
      }
    }
  }
}

TEST(ActivationsTest, BaselineIsTheRunWithItInPlace) {
  const Model model = Open("tiny_hf/llama_head_dim");
  const auto ids = RandomIds(model, 1, 5);
  ActivationOptions options;
  options.site = "mlp_out";
  options.metric = PatchMetric::kLogProb;
  options.answer = {kAnswer};
  options.steps = 2;
  options.baseline_kind = ActivationBaseline::kZero;
  const auto grid = AttributeActivations(model, ids, options);
  ASSERT_TRUE(grid.ok()) << grid.error().message;
  const MetricCase c{PatchMetric::kLogProb, {kAnswer}, {}};
  EXPECT_NEAR(grid->value, MetricOf(model, c, ids, ids, {}), 1e-5);
  for (std::size_t l = 0; l < grid->rows.size(); ++l) {
    const Edit zero{.site = SiteName("mlp_out", l), .kind = EditKind::kZero};
    EXPECT_NEAR(grid->baseline[l], MetricOf(model, c, ids, ids, {zero}), 1e-5);
  }
  options.baseline_kind = {};
  const auto means = AttributeActivations(model, ids, options);
  ASSERT_TRUE(means.ok());
  for (std::size_t l = 0; l < means->rows.size(); ++l) {
    const Edit mean{.site = SiteName("mlp_out", l), .kind = EditKind::kMean};
    EXPECT_NEAR(means->baseline[l], MetricOf(model, c, ids, ids, {mean}), 1e-5);
  }
}

TEST(ActivationsTest, TimesActivationIsThat) {
  const Model model = Open("families/gptj_plain");
  const auto ids = RandomIds(model, 1, 5);
  ActivationOptions options;
  options.method = GradientMethod::kTimesActivation;
  options.site = "z";
  options.axes = PatchAxes::kLayerHead;
  options.answer = {kAnswer};
  options.foil = {kFoil};
  const auto grid = AttributeActivations(model, ids, options);
  ASSERT_TRUE(grid.ok()) << grid.error().message;
  for (std::size_t l = 0; l < grid->rows.size(); ++l) {
    const std::string at = SiteName("z", l);
    const Trace trace = model.Run(ids, {.sites = {at}}).value();
    const auto gradient = ComputeGradient(
        model, ids,
        {.sites = {at}, .answer = options.answer, .foil = options.foil});
    ASSERT_TRUE(gradient.ok());
    const Tensor& x = *trace.Find(at);
    const Tensor& g = *gradient->trace.Find(at);
    const std::size_t heads = x.shape[1], dim = x.shape[2];
    for (std::size_t head = 0; head < heads; ++head) {
      double sum = 0;
      for (std::size_t t = 0; t < 5; ++t) {
        for (std::size_t i = 0; i < dim; ++i) {
          sum += double{x.Row(t)[head * dim + i]} *
                 double{g.Row(t)[head * dim + i]};
        }
      }
      EXPECT_NEAR(grid->values[l][head], sum, 1e-6);
    }
  }
}

TEST(ActivationsTest, RefusesWhatDoesNotFit) {
  const Model model = Open("tiny_hf/llama_head_dim");
  const auto ids = RandomIds(model, 1, 5);
  ActivationOptions options;
  options.answer = {kAnswer};
  options.foil = {kFoil};
  const auto message = [&] {
    const auto grid = AttributeActivations(model, ids, options);
    EXPECT_FALSE(grid.ok());
    return grid.ok() ? "" : grid.error().message;
  };
  options.baseline = RandomIds(model, 1, 4);
  EXPECT_THAT(message(), HasSubstr("baseline of 4 tokens: the prompt has 5"));
  options.baseline = {};
  options.axes = PatchAxes::kLayerHead;
  EXPECT_THAT(message(), HasSubstr("has no heads"));
  options.axes = PatchAxes::kLayer;
  options.steps = 0;
  EXPECT_THAT(message(), HasSubstr("steps 0"));
  options.steps = 1;
  options.foil = {};
  options.metric = PatchMetric::kKl;
  EXPECT_THAT(message(), HasSubstr("name a baseline"));
  options.metric = PatchMetric::kLogProb;
  options.site = "resid";
  EXPECT_THAT(message(), HasSubstr("choose one of"));
}

TEST(GradientTest, RefusesRanksAndTables) {
  const Model model = Open("tiny_hf/llama_head_dim");
  const auto ids = RandomIds(model, 1, 5);
  GradientOptions options{.metric = PatchMetric::kRank, .answer = {kAnswer}};
  auto gradient = ComputeGradient(model, ids, options);
  ASSERT_FALSE(gradient.ok());
  EXPECT_THAT(gradient.error().message, HasSubstr("has no derivative"));
  options.metric = PatchMetric::kLogProb;
  options.sites = {"model.rotary_emb"};
  gradient = ComputeGradient(model, ids, options);
  ASSERT_FALSE(gradient.ok());
  EXPECT_THAT(gradient.error().message, HasSubstr("table of positions"));
  options.sites = {"all"};
  gradient = ComputeGradient(model, ids, options);
  ASSERT_TRUE(gradient.ok()) << gradient.error().message;
  const auto trace = model.Run(ids, {.sites = {"all"}});
  EXPECT_EQ(gradient->trace.sites.size() + 1, trace->sites.size());
}

TEST(RankCorrelationTest, IsSpearmans) {
  const std::vector<double> a = {1, 2, 3, 4, 5}, b = {2, 1, 4, 3, 5};
  // 1 - 6 * (1 + 1 + 1 + 1) / (5 * 24).
  EXPECT_THAT(*RankCorrelation(a, b), DoubleNear(0.8, 1e-12));
  EXPECT_THAT(*RankCorrelation(a, std::vector<double>{5, 4, 3, 2, 1}),
              DoubleNear(-1, 1e-12));
  // Ranks 0, 1.5, 1.5, 3 and 0, 1, 2, 3: 4.5 / sqrt(4.5 * 5).
  EXPECT_THAT(*RankCorrelation(std::vector<double>{1, 2, 2, 3},
                               std::vector<double>{-9, 0, 1, 7}),
              DoubleNear(4.5 / std::sqrt(22.5), 1e-12));
  EXPECT_FALSE(RankCorrelation(a, std::vector<double>(5, 1.0)).has_value());
  EXPECT_FALSE(RankCorrelation(a, std::vector<double>{1}).has_value());
}

TEST(CompareEstimateTest, LeavesOutCellsThatChangeNothing) {
  PatchGrid estimate, truth;
  estimate.rows = truth.rows = {0};
  estimate.columns = truth.columns = {0, 1, 2};
  estimate.corrupt = truth.corrupt = 1;
  estimate.values = {{1, 2, 4}};
  truth.values = {{1, 3, 5}};
  const auto agreement = CompareEstimate(estimate, truth);
  ASSERT_TRUE(agreement.ok());
  EXPECT_EQ(agreement->estimates, (std::vector<double>{1, 3}));
  EXPECT_EQ(agreement->effects, (std::vector<double>{2, 4}));
  EXPECT_THAT(*agreement->rank_correlation, DoubleNear(1, 1e-12));
  EXPECT_THAT(*agreement->explained, DoubleNear(1 - 2.0 / 20, 1e-12));
  truth.columns = {0, 1};
  EXPECT_FALSE(CompareEstimate(estimate, truth).ok());
}

}  // namespace
}  // namespace pellucid
