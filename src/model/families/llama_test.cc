#include "model/families/llama.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "formats/gguf.h"
#include "kernels/rope.h"
#include "model/gguf_loader.h"
#include "testutil/gguf_builder.h"

namespace pellucid::families {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

// Llama 3.1: short wavelengths stay, long ones are divided by the factor, and
// six of 64 frequencies lie between.
TEST(LlamaTest, Llama3DivisorsRiseFromOneToTheFactor) {
  const std::vector<float> inv_freq = kernels::InverseFrequencies(500000, 128);
  const Llama3Scaling scaling{8, 1, 4, 8192};
  const std::vector<float> divisors = Llama3Divisors(inv_freq, scaling);
  ASSERT_EQ(divisors.size(), 64u);
  EXPECT_THAT(std::vector(divisors.begin(), divisors.begin() + 29), Each(1.0f));
  EXPECT_THAT(std::vector(divisors.begin() + 35, divisors.end()), Each(8.0f));
  for (std::size_t i = 29; i < 35; ++i) {
    EXPECT_GT(divisors[i], divisors[i - 1]) << i;
    EXPECT_LT(divisors[i], 8.0f) << i;
  }
}

// Hugging Face blends the frequency and its scaled self; so does the divisor.
TEST(LlamaTest, ADivisorBetweenIsHuggingFacesBlend) {
  const std::vector<float> inv_freq = kernels::InverseFrequencies(500000, 128);
  const std::vector<float> divisors = Llama3Divisors(inv_freq, {8, 1, 4, 8192});
  for (std::size_t i = 29; i < 35; ++i) {
    const double frequency = inv_freq[i];
    const double wavelength = 6.283185307179586 / frequency;
    const double smooth = (8192 / wavelength - 1) / 3;
    const double blend = (1 - smooth) * frequency / 8 + smooth * frequency;
    // Some ten roundings to float32 of numbers of the same size.
    EXPECT_NEAR(frequency / divisors[i] / blend, 1, 10 * 0x1p-24) << i;
  }
}

class LlamaHeadsTest : public ::testing::Test {
 protected:
  LlamaHeadsTest() {
    spec_.n_heads = 4;
    spec_.n_kv_heads = 2;
    spec_.head_dim = 8;
  }
  std::string Check() {
    const Status status = CheckLlamaHeads(loader_, "heads", spec_);
    return status.ok() ? "no error" : status.error().message;
  }

  std::vector<std::byte> bytes_ = testutil::GgufBuilder().Build();
  GgufFile file_ = GgufFile::Parse(bytes_, "f").value();
  GgufLoader loader_{file_};
  ArchSpec spec_;
};

TEST_F(LlamaHeadsTest, HeadsShareOutAndAreEven) {
  EXPECT_EQ(Check(), "no error");
  spec_.n_kv_heads = 3;
  EXPECT_THAT(Check(), HasSubstr("open: f: heads: is 4, no multiple of the 3"));
  spec_.n_kv_heads = 4;
  spec_.head_dim = 7;
  EXPECT_THAT(Check(), HasSubstr("head size 7"));
  spec_.head_dim = std::size_t{1} << 29;
  EXPECT_THAT(Check(), HasSubstr("too large"));
}

TEST_F(LlamaHeadsTest, FrequenciesArePositiveAndBounded) {
  spec_.inv_freq = {1, 0.5f};
  EXPECT_TRUE(CheckFrequencies(loader_, "k", spec_).ok());
  DivideFrequencies(std::vector<float>{1, 0}, spec_);
  EXPECT_FALSE(CheckFrequencies(loader_, "k", spec_).ok());
}

}  // namespace
}  // namespace pellucid::families
