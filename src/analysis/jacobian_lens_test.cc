// Jacobian lenses: against torch.autograd, and what they must not depend on.
#include "pellucid/jacobian_lens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "pellucid/lens.h"
#include "testutil/golden.h"
#include "testutil/golden_json.h"
#include "testutil/noise.h"
#include "testutil/temp_dir.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using Prompts = std::vector<std::vector<TokenId>>;

// Goldens of tools/goldens/jacobian_lens.py: of each prompt the maps [maps, d,
// d].
struct Case {
  testutil::Golden golden;
  Prompts prompts;
  std::size_t skip_first = 0;

  Model Open(std::size_t threads = 1) const {
    return Model::Open(testutil::GoldenPath(golden.metadata.at("model")),
                       {.threads = threads})
        .value();
  }
};

Case CaseOf(const std::string& name) {
  Case out{
      testutil::LoadGolden("trained_lens/" + name + "_jacobian.safetensors"),
      {}};
  EXPECT_TRUE(out.golden.ok()) << out.golden.error;
  for (std::size_t p = 0; p < 3; ++p) {
    std::istringstream ids(out.golden.metadata.at("ids." + std::to_string(p)));
    std::vector<TokenId>& prompt = out.prompts.emplace_back();
    for (std::string id; std::getline(ids, id, ',');) {
      prompt.push_back(std::stoi(id));
    }
  }
  out.skip_first = std::stoul(out.golden.metadata.at("skip_first"));
  return out;
}

// 1e-4 of the largest entry, what docs/numerics.md promises of gradients.
void ExpectNear(std::span<const float> ours, std::span<const double> theirs) {
  ASSERT_EQ(ours.size(), theirs.size());
  double largest = 0;
  for (const double x : theirs) largest = std::max(largest, std::abs(x));
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_NEAR(ours[i], theirs[i], 1e-4 * std::max(1.0, largest));
  }
}

class JacobianLensTest : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Models, JacobianLensTest,
                         ::testing::Values("gpt2", "gemma2"));

TEST_P(JacobianLensTest, IsWhatTorchDifferentiates) {
  const Case c = CaseOf(GetParam());
  const auto fit = FitJacobianLens(c.Open(), c.prompts,
                                   {.skip_first = c.skip_first, .copies = 5});
  ASSERT_TRUE(fit.ok()) << fit.error().message;
  const std::vector<std::size_t> shape = c.golden.Get("prompt.0").shape;
  ASSERT_EQ(fit->lens.translators.size(), shape[0]);
  const std::size_t size = shape[1] * shape[2];
  for (std::size_t map = 0; map < shape[0]; ++map) {
    std::vector<double> mean(size), squares(size);
    for (std::size_t p = 0; p < 3; ++p) {
      const Tensor& all = c.golden.Get("prompt." + std::to_string(p));
      for (std::size_t i = 0; i < size; ++i) {
        const auto x = static_cast<double>(all.data[map * size + i]);
        mean[i] += x / 3;
        squares[i] += x * x / 3;
      }
    }
    ExpectNear(fit->lens.translators[map].weight.data, mean);
    // The standard error of a mean of three, over all entries.
    double variance = 0, norm = 0;
    for (std::size_t i = 0; i < size; ++i) {
      variance += (squares[i] - mean[i] * mean[i]) / 2;
      norm += mean[i] * mean[i];
    }
    EXPECT_NEAR(fit->standard_error[map], std::sqrt(variance / norm), 1e-3);
  }
}

TEST_P(JacobianLensTest, DoesNotDependOnThreadsAndCopies) {
  const Case c = CaseOf(GetParam());
  const auto one = FitJacobianLens(c.Open(1), c.prompts, {.skip_first = 1});
  const auto other =
      FitJacobianLens(c.Open(3), c.prompts, {.skip_first = 1, .copies = 3});
  ASSERT_TRUE(one.ok() && other.ok());
  for (std::size_t i = 0; i < one->lens.translators.size(); ++i) {
    EXPECT_EQ(one->lens.translators[i].weight.data,
              other->lens.translators[i].weight.data);
  }
}

TEST_P(JacobianLensTest, VectorsGoThroughWithoutTheMatrix) {
  const Case c = CaseOf(GetParam());
  const Model model = c.Open();
  const JacobianOptions options{.skip_first = c.skip_first, .copies = 2};
  const auto fit = FitJacobianLens(model, c.prompts, options);
  ASSERT_TRUE(fit.ok());
  const std::size_t d = model.info().d_model;
  Tensor vectors({3, d});
  vectors.data = testutil::Noise(3 * d, 1);
  for (std::size_t map = 0; map < fit->lens.translators.size(); ++map) {
    const auto applied = ApplyJacobian(model, c.prompts, map, vectors, options);
    ASSERT_TRUE(applied.ok()) << applied.error().message;
    for (std::size_t n = 0; n < 3; ++n) {
      std::vector<double> product(d);
      for (std::size_t i = 0; i < d; ++i) {
        const auto row = fit->lens.translators[map].weight.Row(i);
        for (std::size_t j = 0; j < d; ++j) {
          product[i] += static_cast<double>(row[j]) *
                        static_cast<double>(vectors.Row(n)[j]);
        }
      }
      ExpectNear(applied->Row(n), product);
    }
  }
}

TEST(JacobianLensResumeTest, GoesOnBetweenPrompts) {
  const Case c = CaseOf("gpt2");
  const Model model = c.Open();
  const testutil::TempDir dir;
  JacobianOptions options{.skip_first = 1};
  const auto whole = FitJacobianLens(model, c.prompts, options);
  options.checkpoint = dir / "checkpoint.safetensors";
  options.checkpoint_seconds = 0;
  std::stop_source stop;
  options.stop = stop.get_token();
  options.report = [&](std::size_t done, std::span<const double>) {
    if (done == 2) stop.request_stop();
  };
  const auto stopped = FitJacobianLens(model, c.prompts, options);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  options.stop = {};
  options.resume = true;
  std::vector<std::size_t> reports;
  options.report = [&](std::size_t done, std::span<const double> error) {
    reports.push_back(done);
    EXPECT_EQ(error.size(), 1u);
  };
  const auto resumed = FitJacobianLens(model, c.prompts, options);
  ASSERT_TRUE(whole.ok() && resumed.ok());
  EXPECT_EQ(reports, std::vector<std::size_t>{3});
  for (std::size_t i = 0; i < whole->lens.translators.size(); ++i) {
    EXPECT_EQ(whole->lens.translators[i].weight.data,
              resumed->lens.translators[i].weight.data);
  }
}

TEST(JacobianLensErrorTest, SaysWhatIsWrong) {
  const Case c = CaseOf("gpt2");
  const Model model = c.Open();
  const auto message = [](const auto& result) {
    return result.ok() ? std::string("ok") : result.error().message;
  };
  EXPECT_THAT(message(FitJacobianLens(model, {})), HasSubstr("no prompts"));
  EXPECT_THAT(message(FitJacobianLens(model, c.prompts, {.skip_first = 4})),
              HasSubstr("prompt 1: has 4 tokens"));
  EXPECT_THAT(message(FitJacobianLens(model, c.prompts, {.copies = 0})),
              HasSubstr("copies"));
  EXPECT_THAT(message(ApplyJacobian(model, c.prompts, 99,
                                    Tensor({1, model.info().d_model}),
                                    {.skip_first = 1})),
              HasSubstr("layer 99"));
}

}  // namespace
}  // namespace pellucid
