// Terms of logits: against Hugging Face's modules taken apart in float64, and
// what the options mean.
#include "pellucid/attribution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "testutil/golden_json.h"
#include "testutil/head_goldens.h"
#include "testutil/hf_goldens.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::GoldenAttribution;
using testutil::GoldenTerm;

const std::vector<TokenId> kIds = {3, 11, 7, 30, 3, 19};

Model Open(const std::string& folder, std::size_t threads = 2) {
  return Model::Open(testutil::GoldenPath(folder), {.threads = threads})
      .value();
}

Attribution Attribute(const Model& model, const AttributionOptions& options,
                      const std::vector<TokenId>& ids = kIds) {
  auto result = AttributeLogit(model, ids, options);
  EXPECT_TRUE(result.ok()) << result.error().message;
  return result.ok() ? *result : Attribution{};
}

std::string Refused(const AttributionOptions& options) {
  const auto result = AttributeLogit(Open("tiny_hf/gpt2_plain"), kIds, options);
  EXPECT_FALSE(result.ok());
  if (result.ok()) return "";
  EXPECT_EQ(result.error().code, ErrorCode::kUsage);
  return result.error().message;
}

// By kind, layer and index.
using Key = std::tuple<std::string, int, std::size_t>;

std::map<Key, double> TermsOf(const Attribution& attribution) {
  std::map<Key, double> out;
  for (const AttributionTerm& term : attribution.terms) {
    const std::size_t index = term.head.value_or(term.neuron.value_or(0));
    out[{std::string(TermKindName(term.kind)), term.layer, index}] = term.value;
  }
  return out;
}

// A term is a dot with activations, which are within 1e-4 of theirs.
TEST(AttributionTest, TermsEqualThoseOfHuggingFacesModules) {
  const auto goldens = testutil::LoadGoldenAttributions();
  ASSERT_GE(goldens.size(), 4u);
  for (const GoldenAttribution& golden : goldens) {
    const Model model = Open(golden.folder);
    std::map<Key, double> ours;
    for (const AttributionBy by : {AttributionBy::kBlock, AttributionBy::kHead,
                                   AttributionBy::kNeuron}) {
      const Attribution found = Attribute(model,
                                          {.answer = golden.answer,
                                           .foil = golden.foil,
                                           .by = by,
                                           .top_neurons = 1000},
                                          golden.ids);
      EXPECT_NEAR(found.value, golden.value, 1e-4) << golden.folder;
      EXPECT_LE(std::fabs(found.residue), found.bound) << golden.folder;
      for (const auto& [key, value] : TermsOf(found)) ours[key] = value;
    }
    for (const GoldenTerm& term : golden.terms) {
      const Key key{term.kind, term.layer, term.index};
      ASSERT_TRUE(ours.contains(key))
          << golden.folder << " " << term.kind << " " << term.layer;
      EXPECT_NEAR(ours[key], term.value, 1e-4 * std::max(1.0, term.value))
          << golden.folder << " " << term.kind << " " << term.layer << " "
          << term.index;
    }
  }
}

TEST(AttributionTest, ADifferenceIsThatOfItsLogits) {
  const Model model = Open("families/gemma2_plain");
  const Attribution answer = Attribute(model, {.answer = 5});
  const Attribution foil = Attribute(model, {.answer = 20});
  const Attribution both = Attribute(model, {.answer = 5, .foil = 20});
  EXPECT_EQ(both.answer.logit, answer.answer.logit);
  ASSERT_TRUE(both.foil.has_value());
  EXPECT_EQ(both.foil->before_cap, foil.answer.before_cap);
  EXPECT_EQ(both.value, answer.value - foil.value);
  ASSERT_EQ(both.terms.size(), answer.terms.size());
  for (std::size_t i = 0; i < both.terms.size(); ++i) {
    EXPECT_NEAR(both.terms[i].value,
                answer.terms[i].value - foil.terms[i].value, 1e-12);
  }
}

// Gemma 2 caps its logits; what is taken apart is the number before that.
TEST(AttributionTest, LogitsAreTheRunsOwn) {
  const Model model = Open("families/gemma2_tight_caps");
  const Trace trace = model.Run(kIds, {.sites = {"logits"}}).value();
  for (const std::size_t position : {std::size_t{2}, kIds.size() - 1}) {
    const Attribution found = Attribute(
        model,
        {.answer = 9, .position = Selection::Of({static_cast<int>(position)})});
    EXPECT_EQ(found.position, position);
    EXPECT_EQ(found.answer.logit, trace.Find("logits")->Row(position)[9]);
    EXPECT_NE(found.answer.logit, found.answer.before_cap);
    EXPECT_EQ(found.value, static_cast<double>(found.answer.before_cap));
  }
}

TEST(AttributionTest, OnlyTheLayersAskedForAreTakenApart) {
  const Model model = Open("tiny_hf/gpt2_plain");
  const auto whole = TermsOf(Attribute(model, {.answer = 5}));
  const Attribution some = Attribute(
      model,
      {.answer = 5, .by = AttributionBy::kHead, .layers = Selection::Last()});
  const auto terms = TermsOf(some);
  EXPECT_EQ(terms.at({"attn", 0, 0}), whole.at({"attn", 0, 0}));
  EXPECT_FALSE(terms.contains({"attn", 1, 0}));
  double heads = terms.at({"attn_bias", 1, 0});
  for (std::size_t head = 0; head < 3; ++head) {
    heads += terms.at({"head", 1, head});
  }
  EXPECT_NEAR(heads, whole.at({"attn", 1, 0}), some.bound);
  EXPECT_LE(std::fabs(some.residue), some.bound);
}

TEST(AttributionTest, TheGreatestNeuronsAreListedAndTheOthersSummed) {
  const Model model = Open("families/granite_plain");
  const auto all = Attribute(
      model,
      {.answer = 5, .by = AttributionBy::kNeuron, .top_neurons = 100000});
  std::vector<double> magnitudes;
  for (const AttributionTerm& term : all.terms) {
    EXPECT_NE(term.kind, TermKind::kOtherNeurons);
    if (term.kind != TermKind::kNeuron) continue;
    magnitudes.push_back(std::fabs(term.value));
  }
  std::ranges::sort(magnitudes, std::greater());
  const auto few = Attribute(
      model, {.answer = 5, .by = AttributionBy::kNeuron, .top_neurons = 3});
  std::vector<double> listed;
  std::size_t others = 0;
  for (const AttributionTerm& term : few.terms) {
    if (term.kind == TermKind::kOtherNeurons) ++others;
    if (term.kind == TermKind::kNeuron) listed.push_back(std::fabs(term.value));
  }
  std::ranges::sort(listed, std::greater());
  magnitudes.resize(3);
  EXPECT_EQ(listed, magnitudes);
  EXPECT_EQ(others, model.info().n_layers);
  EXPECT_NEAR(few.sum, all.sum, 1e-12);
}

TEST(AttributionTest, ThreadsChangeNoBit) {
  for (const AttributionBy by :
       {AttributionBy::kHead, AttributionBy::kNeuron}) {
    const AttributionOptions options{.answer = 5, .foil = 7, .by = by};
    const Attribution one =
        Attribute(Open("families/qwen3_moe_plain", 1), options);
    const Attribution three =
        Attribute(Open("families/qwen3_moe_plain", 3), options);
    EXPECT_EQ(one.sum, three.sum);
    EXPECT_EQ(TermsOf(one), TermsOf(three));
  }
}

TEST(AttributionTest, WhatCannotBeIsRefused) {
  EXPECT_THAT(Refused({.answer = 67}),
              HasSubstr("answer id 67: is not within"));
  EXPECT_THAT(Refused({.answer = 5, .foil = -1}),
              HasSubstr("foil id -1: is not within"));
  EXPECT_THAT(Refused({.answer = 5, .foil = 5}),
              HasSubstr("foil id 5: is the answer itself"));
  EXPECT_THAT(Refused({.answer = 5, .position = Selection::All()}),
              HasSubstr("6 positions are chosen; choose one"));
  EXPECT_THAT(Refused({.answer = 5, .top_neurons = 0}), HasSubstr("neurons"));
  Refused({.answer = 5, .layers = Selection::Of({2})});
}

}  // namespace
}  // namespace pellucid
