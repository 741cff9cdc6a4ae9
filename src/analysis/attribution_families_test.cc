// The sum rule on every family: terms of a logit sum to the logit, within what
// float32 rounds away at most.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "pellucid/attribution.h"
#include "testutil/golden.h"
#include "testutil/golden_json.h"
#include "testutil/hf_goldens.h"

namespace pellucid {
namespace {

std::vector<std::string> Folders() {
  std::vector<std::string> out;
  for (const std::string& name : testutil::FamilyGoldenNames()) {
    out.push_back("families/" + name);
  }
  for (const std::string& name : testutil::HfGoldenNames()) {
    out.push_back("tiny_hf/" + name);
  }
  return out;
}

std::string ParamName(const ::testing::TestParamInfo<std::string>& info) {
  return info.param.substr(info.param.find('/') + 1);
}

class AttributionFamiliesTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto opened = Model::Open(testutil::GoldenPath(GetParam()));
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    models_.push_back(*opened);
    const auto golden =
        testutil::LoadGolden(GetParam() + ".golden.safetensors");
    ASSERT_TRUE(golden.ok()) << golden.error;
    ids_ = golden.Ids();
  }

  std::vector<Model> models_;
  std::vector<TokenId> ids_;
};
INSTANTIATE_TEST_SUITE_P(Folders, AttributionFamiliesTest,
                         ::testing::ValuesIn(Folders()), ParamName);

// What a block's branch is in all, from terms that may split it.
std::map<int, double> AttentionOf(const Attribution& attribution) {
  std::map<int, double> out;
  for (const AttributionTerm& term : attribution.terms) {
    if (term.kind == TermKind::kAttention || term.kind == TermKind::kHead ||
        term.kind == TermKind::kAttentionBias) {
      out[term.layer] += term.value;
    }
  }
  return out;
}
std::map<int, double> MlpOf(const Attribution& attribution) {
  std::map<int, double> out;
  for (const AttributionTerm& term : attribution.terms) {
    if (term.kind == TermKind::kMlp || term.kind == TermKind::kNeuron ||
        term.kind == TermKind::kOtherNeurons ||
        term.kind == TermKind::kMlpBias) {
      out[term.layer] += term.value;
    }
  }
  return out;
}

TEST_P(AttributionFamiliesTest, TermsSumToTheLogit) {
  const Model& model = models_.back();
  const auto position = static_cast<std::int64_t>(ids_.size() / 2);
  const auto vocab = static_cast<TokenId>(model.info().vocab_size);
  std::map<AttributionBy, Attribution> by;
  for (const AttributionBy each :
       {AttributionBy::kBlock, AttributionBy::kHead, AttributionBy::kNeuron}) {
    for (const bool foil : {true, false}) {
      AttributionOptions options{.answer = vocab - 1, .by = each};
      if (foil) options.foil = 1;
      options.position = Selection::Of({position});
      const auto found = AttributeLogit(model, ids_, options);
      ASSERT_TRUE(found.ok()) << found.error().message;
      EXPECT_LE(std::fabs(found->residue), found->bound);
      EXPECT_EQ(found->residue, found->value - found->sum);
      double magnitudes = 0;
      for (const AttributionTerm& term : found->terms) {
        EXPECT_TRUE(std::isfinite(term.value));
        magnitudes += std::fabs(term.value);
      }
      // A bound beyond some thousandths of what is summed would let a missing
      // bias pass.
      EXPECT_LT(found->bound, 2e-3 * (1 + magnitudes));
      by[each] = *found;
    }
  }
  const double bound =
      by[AttributionBy::kHead].bound + by[AttributionBy::kNeuron].bound;
  const auto attention = AttentionOf(by[AttributionBy::kBlock]);
  EXPECT_EQ(attention.size(), model.info().n_layers);
  for (const auto& [layer, value] : AttentionOf(by[AttributionBy::kHead])) {
    EXPECT_NEAR(value, attention.at(layer), bound) << layer;
  }
  const auto mlp = MlpOf(by[AttributionBy::kBlock]);
  EXPECT_EQ(mlp.size(), model.info().n_layers);
  for (const auto& [layer, value] : MlpOf(by[AttributionBy::kNeuron])) {
    EXPECT_NEAR(value, mlp.at(layer), bound) << layer;
  }
}

}  // namespace
}  // namespace pellucid
