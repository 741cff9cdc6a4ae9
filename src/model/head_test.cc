#include "model/head.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/buffer.h"
#include "kernels/math.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

class HeadTest : public ::testing::Test {
 protected:
  HeadTest() : values_(testutil::Noise(kVocab * kWidth, 1)) {
    spec_.d_model = kWidth;
    spec_.vocab_size = kVocab;
    spec_.norm_eps = 1e-5f;
    weights_.final_norm.weight = testutil::Noise(kWidth, 2);
    weights_.unembed = {DType::kF32,
                        reinterpret_cast<const std::byte*>(values_.data()),
                        kVocab,
                        kWidth,
                        kWidth * sizeof(float),
                        {}};
  }

  static constexpr std::size_t kWidth = 21;
  static constexpr std::size_t kVocab = 70;
  std::vector<float> values_;
  ArchSpec spec_;
  Weights weights_;
  TaskPool pool_{2};
};

// Against the definitions in double: 21 roundings of a float32 sum stay far
// within 21 * 2^-24 of the sum of magnitudes.
TEST_F(HeadTest, NormalisesAndProjects) {
  const Head head(spec_, weights_);
  std::vector<float> x = testutil::Noise(3 * kWidth, 3);
  Buffer normed(3, kWidth), logits(3, kVocab);
  head.Normalise(pool_, {x.data(), 3, kWidth}, normed.view());
  head.Project(pool_, normed.view(), logits.view());
  for (std::size_t r = 0; r < 3; ++r) {
    double squares = 0;
    for (std::size_t k = 0; k < kWidth; ++k) {
      squares += std::pow(double{x[r * kWidth + k]}, 2);
    }
    const double scale = 1 / std::sqrt(squares / kWidth + 1e-5);
    for (std::size_t v = 0; v < kVocab; ++v) {
      double dot = 0, magnitude = 0;
      for (std::size_t k = 0; k < kWidth; ++k) {
        const double term = double{x[r * kWidth + k]} * scale *
                            double{weights_.final_norm.weight[k]} *
                            double{values_[v * kWidth + k]};
        dot += term;
        magnitude += std::abs(term);
      }
      EXPECT_NEAR(logits.view().Row(r)[v], dot,
                  (kWidth + 4) * std::exp2(-24) * magnitude);
    }
  }
}

TEST_F(HeadTest, NormalisesInPlaceToTheSameBits) {
  const Head head(spec_, weights_);
  std::vector<float> x = testutil::Noise(40 * kWidth, 4);
  Buffer normed(40, kWidth);
  head.Normalise(pool_, {x.data(), 40, kWidth}, normed.view());
  head.Normalise(pool_, {x.data(), 40, kWidth}, {x.data(), 40, kWidth});
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(x[i], normed.view().data[i]);
  }
}

// cap tanh(((dot + bias) multiplier / divisor) / cap), each step rounded; the
// module's output is what comes before the scale.
TEST_F(HeadTest, FinishesLogits) {
  weights_.head_bias = testutil::Noise(kVocab, 4);
  const std::vector<float> x = testutil::Noise(2 * kWidth, 5);
  const ConstMatrixView rows{x.data(), 2, kWidth};
  Buffer dots(2, kVocab), module(2, kVocab), logits(2, kVocab);
  const Head plain(spec_, weights_);
  plain.ProjectModule(pool_, rows, module.view());
  weights_.head_bias.clear();
  plain.ProjectModule(pool_, rows, dots.view());
  weights_.head_bias = testutil::Noise(kVocab, 4);
  spec_.logits = {.multiplier = 0.3f, .divisor = 7, .cap = 0.25f};
  const Head head(spec_, weights_);
  head.Project(pool_, rows, logits.view());
  for (std::size_t r = 0; r < 2; ++r) {
    for (std::size_t v = 0; v < kVocab; ++v) {
      const float sum = dots.view().Row(r)[v] + weights_.head_bias[v];
      EXPECT_EQ(module.view().Row(r)[v], sum);
      EXPECT_EQ(logits.view().Row(r)[v],
                0.25f * kernels::Tanh(sum * 0.3f / 7 / 0.25f));
    }
  }
  // A part of the vocabulary by itself: the lens works so.
  head.Finish(30, {dots.view().data + 30, 2, 40, kVocab});
  EXPECT_EQ(dots.view().Row(1)[69], logits.view().Row(1)[69]);
  // So does one token.
  std::vector<float> row;
  for (const TokenId token : {0, 41, 69}) {
    head.ReadTokenRow(token, row);
    EXPECT_EQ(head.LogitOf(token, rows.RowSpan(1), row),
              logits.view().Row(1)[static_cast<std::size_t>(token)]);
  }
}

// Embeddings of a width of their own: the norm's output is brought to it.
TEST_F(HeadTest, ProjectsOutOfTheModelsWidth) {
  const std::vector<float> projection = testutil::Noise(kWidth * 9, 6);
  weights_.project_out.weight = {
      DType::kF32,
      reinterpret_cast<const std::byte*>(projection.data()),
      kWidth,
      9,
      9 * sizeof(float),
      {}};
  spec_.d_model = 9;
  spec_.d_embed = kWidth;
  const std::vector<float> x = testutil::Noise(9, 7);
  const Head head(spec_, weights_);
  Buffer embedded(1, kWidth), direct(1, kVocab), whole(1, kVocab);
  head.ToEmbedding(pool_, {x.data(), 1, 9}, embedded.view());
  head.Project(pool_, {x.data(), 1, 9}, whole.view());
  weights_.project_out = {};
  head.Project(pool_, embedded.view(), direct.view());
  for (std::size_t v = 0; v < kVocab; ++v) {
    EXPECT_EQ(whole.view().Row(0)[v], direct.view().Row(0)[v]);
  }
}

}  // namespace
}  // namespace pellucid
