// Causal tracing is what it says: whole runs with noise at the subject and one
// state restored, averaged over the noise.
#include "pellucid/causal_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pellucid/edit.h"
#include "pellucid/model.h"
#include "testutil/hf_goldens.h"
#include "testutil/per_isa.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::Bits;

class CausalTraceTest : public ::testing::TestWithParam<std::string> {
 protected:
  CausalTraceTest()
      : model_(
            Model::Open(testutil::FamilyGoldenPath(GetParam()), {.threads = 2})
                .value()) {
    options_.subject = {2, 3};
    options_.samples = 3;
    options_.seed = 9;
    options_.noise_std = 0.5f;
  }

  CausalTrace Trace() const {
    auto trace = TraceCauses(model_, ids_, options_);
    EXPECT_TRUE(trace.ok()) << trace.error().message;
    return *std::move(trace);
  }

  // Probability of `answer` after a run of its own.
  double Prob(TokenId answer, std::vector<Edit> edits) const {
    const auto trace =
        model_.Run(ids_, {.last_logits = true, .edits = std::move(edits)})
            .value();
    double exps = 0;
    for (const float x : trace.last_logits) {
      exps += std::exp(static_cast<double>(x));
    }
    return std::exp(static_cast<double>(
               trace.last_logits[static_cast<std::size_t>(answer)])) /
           exps;
  }

  // Noise of a sample as an edit of its own.
  Edit Noise(const CausalTrace& trace, std::size_t sample) const {
    Edit edit{.site = "embed", .kind = EditKind::kAdd};
    edit.scope.positions = Selection::Of({2, 3});
    const auto rows = trace.noise.Row(sample);
    edit.values = Tensor({2, model_.info().d_model});
    edit.values.data.assign(rows.begin(), rows.end());
    return edit;
  }

  Edit Restore(const std::string& site, std::size_t position) const {
    Edit edit{.site = site, .kind = EditKind::kReplace};
    edit.scope.positions = Selection::Of({static_cast<std::int64_t>(position)});
    edit.values = *model_.Run(ids_, {.sites = {site}}).value().Find(site);
    return edit;
  }

  Model model_;
  std::vector<TokenId> ids_ = {1, 4, 2, 6, 3, 5};
  CausalTraceOptions options_;
};
INSTANTIATE_TEST_SUITE_P(Folders, CausalTraceTest,
                         ::testing::Values("gemma2_plain", "mixtral_plain",
                                           "gpt_neox_pythia", "llama_yarn"),
                         [](const auto& folder) { return folder.param; });

TEST_P(CausalTraceTest, CellsAreMeansOfWholeRuns) {
  const CausalTrace trace = Trace();
  EXPECT_NEAR(trace.clean, Prob(trace.answer, {}), 1e-6);
  double corrupt = 0;
  for (std::size_t s = 0; s < 3; ++s) {
    corrupt += Prob(trace.answer, {Noise(trace, s)}) / 3;
  }
  EXPECT_NEAR(trace.summary.corrupt.mean, corrupt, 1e-6);
  EXPECT_LE(trace.summary.corrupt.low, corrupt);
  EXPECT_GE(trace.summary.corrupt.high, corrupt);
  for (std::size_t r = 0; r < trace.summary.rows.size(); ++r) {
    const std::string site = "blocks." + std::to_string(r) + ".hook_resid_post";
    for (std::size_t c = 0; c < ids_.size(); ++c) {
      double mean = 0;
      for (std::size_t s = 0; s < 3; ++s) {
        mean += Prob(trace.answer, {Noise(trace, s), Restore(site, c)}) / 3;
      }
      EXPECT_NEAR(trace.summary.values[r][c].mean, mean, 1e-6)
          << site << " at " << c;
    }
  }
}

TEST_P(CausalTraceTest, AWindowRestoresNeighbouringBlocks) {
  options_.kind = "mlp";
  options_.window = 2;
  const CausalTrace trace = Trace();
  const std::size_t layers = model_.info().n_layers;
  for (std::size_t r = 0; r < layers; ++r) {
    double mean = 0;
    for (std::size_t s = 0; s < 3; ++s) {
      std::vector<Edit> edits = {Noise(trace, s)};
      for (std::size_t l = r; l < std::min(r + 2, layers); ++l) {
        for (const SiteInfo& site : model_.Sites()) {
          // The MLP module itself, before any norm of it.
          if (site.name.ends_with("." + std::to_string(l) + ".mlp") ||
              site.name.ends_with("." + std::to_string(l) +
                                  ".block_sparse_moe")) {
            edits.push_back(Restore(site.name, 3));
          }
        }
      }
      ASSERT_GT(edits.size(), 1u);
      mean += Prob(trace.answer, edits) / 3;
    }
    EXPECT_NEAR(trace.summary.values[r][3].mean, mean, 1e-6) << r;
  }
}

// The noise that was written can be read again, by whatever name it had.
TEST_P(CausalTraceTest, GivenNoiseGivesTheSameNumbers) {
  const CausalTrace drawn = Trace();
  EXPECT_EQ(drawn.noise.shape,
            (std::vector<std::size_t>{3, 2, model_.info().d_model}));
  options_.noise = drawn.noise;
  options_.noise_std.reset();
  const CausalTrace given = Trace();
  for (std::size_t r = 0; r < given.summary.rows.size(); ++r) {
    for (std::size_t c = 0; c < ids_.size(); ++c) {
      EXPECT_EQ(given.summary.values[r][c].mean,
                drawn.summary.values[r][c].mean);
    }
  }
  EXPECT_EQ(Bits(given.noise.data), Bits(drawn.noise.data));
}

TEST_P(CausalTraceTest, WithoutAWordTheNoiseIsThreeDeviations) {
  options_.noise_std.reset();
  options_.samples = 200;
  options_.layers = Selection::Of({0});
  options_.positions = Selection::Of({0});
  const CausalTrace trace = Trace();
  EXPECT_FLOAT_EQ(trace.noise_std,
                  static_cast<float>(3 * EmbeddingDeviation(model_)));
  double squares = 0;
  for (const float x : trace.noise.data) {
    squares += static_cast<double>(x) * x;
  }
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(trace.noise.data.size())),
              trace.noise_std, 0.03 * trace.noise_std);
  // Before the subject nothing is corrupted, and nothing restored.
  EXPECT_EQ(trace.summary.values[0][0].mean, trace.summary.corrupt.mean);
}

TEST_P(CausalTraceTest, WhatCannotBeIsNamed) {
  const auto message = [&] {
    const auto trace = TraceCauses(model_, ids_, options_);
    return trace.ok() ? std::string() : trace.error().message;
  };
  options_.kind = "head";
  EXPECT_THAT(message(), HasSubstr("choose one of resid, mlp, attn"));
  options_.kind = "attn";
  options_.subject = {3, 9};
  EXPECT_THAT(message(), HasSubstr("within the prompt's 6 tokens"));
  options_.subject.clear();
  EXPECT_THAT(message(), HasSubstr("name the tokens"));
  options_.subject = {1};
  options_.noise = Tensor({3, 2, model_.info().d_model});
  EXPECT_THAT(message(), HasSubstr("must be [samples, 1,"));
  options_.noise = {};
  options_.noise_std = 0.0f;
  EXPECT_THAT(message(), HasSubstr("above 0"));
}

}  // namespace
}  // namespace pellucid
