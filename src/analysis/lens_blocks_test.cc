// A lens in blocks of positions is the lens in one, and takes less memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "pellucid/lens.h"
#include "testutil/gguf_builder.h"
#include "testutil/lens_compare.h"
#include "testutil/noise.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

std::vector<TokenId> RandomIds(std::size_t count, std::uint64_t seed,
                               std::size_t vocab) {
  testutil::Random random(seed);
  std::vector<TokenId> ids(count);
  for (TokenId& id : ids) id = static_cast<TokenId>(random.Below(vocab));
  return ids;
}

class LensBlocksTest : public ::testing::TestWithParam<FollowFinal> {};

TEST_P(LensBlocksTest, NoBitDependsOnTheBudget) {
  const Model model =
      Model::Open(testutil::TinyLlamaPath("gqa_untied_f16")).value();
  const std::size_t vocab = model.info().vocab_size;
  const std::vector<std::vector<TokenId>> prompts = {
      RandomIds(9, 1, vocab), RandomIds(1, 2, vocab), RandomIds(13, 3, vocab)};
  LensOptions options;
  options.follow = GetParam();
  options.targets = {3};
  options.skip_first = 1;
  for (const std::string positions : {":", "0,-1"}) {
    options.positions = Selection::Parse(positions, "--positions").value();
    options.max_residual_bytes = LensOptions().max_residual_bytes;
    const auto whole = ComputeLensBatch(model, prompts, options);
    ASSERT_TRUE(whole.ok()) << whole.error().message;
    // A position at a time; blocks that end within and between prompts.
    const std::size_t row = model.info().d_model * sizeof(float);
    for (const std::size_t cells : {0u, 1u, 7u, 17u, 40u}) {
      options.max_residual_bytes = cells * row;
      const auto blocks = ComputeLensBatch(model, prompts, options);
      ASSERT_TRUE(blocks.ok()) << blocks.error().message;
      ASSERT_EQ(blocks->size(), whole->size());
      for (std::size_t p = 0; p < whole->size(); ++p) {
        SCOPED_TRACE(positions + ", " + std::to_string(cells) +
                     " cells, prompt " + std::to_string(p));
        testutil::ExpectEqualLens((*blocks)[p], (*whole)[p]);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Follow, LensBlocksTest,
                         ::testing::Values(FollowFinal::kNone,
                                           FollowFinal::kLast,
                                           FollowFinal::kEach));

TEST(LensBlocksProgressTest, RisesToOne) {
  const Model model =
      Model::Open(testutil::TinyLlamaPath("gqa_untied_f16")).value();
  LensOptions options;
  options.max_residual_bytes = 0;
  std::vector<double> told;
  options.progress = [&](double done) { told.push_back(done); };
  ASSERT_TRUE(ComputeLens(model, RandomIds(5, 1, 8), options).ok());
  ASSERT_FALSE(told.empty());
  EXPECT_TRUE(std::ranges::is_sorted(told));
  EXPECT_NEAR(told.back(), 1, 1e-9);
}

// A narrow, deep model of a long context: what a lens keeps of it is residual
// rows above all.
constexpr std::uint32_t kLayers = 24;
constexpr std::size_t kWidth = 256;
constexpr std::size_t kTokens = 1024;
constexpr std::size_t kResidualBytes =
    (kLayers + 1) * kTokens * kWidth * sizeof(float);  // 26 MB

testutil::GgufBuilder DeepModel() {
  testutil::GgufBuilder builder;
  std::uint64_t seed = 1;
  const auto weight = [&](const std::string& name,
                          const std::vector<std::size_t>& shape) {
    std::size_t size = 1;
    for (const std::size_t dim : shape) size *= dim;
    builder.Floats(name, shape, testutil::Noise(size, seed++));
  };
  builder.String("general.architecture", "llama")
      .Scalar<std::uint32_t>("llama.context_length", kTokens)
      .Scalar<std::uint32_t>("llama.embedding_length", kWidth)
      .Scalar<std::uint32_t>("llama.block_count", kLayers)
      .Scalar<std::uint32_t>("llama.feed_forward_length", 4)
      .Scalar<std::uint32_t>("llama.attention.head_count", 1)
      .Scalar<std::uint32_t>("llama.attention.head_count_kv", 1)
      .Scalar<std::uint32_t>("llama.attention.key_length", 4)
      .Scalar<std::uint32_t>("llama.attention.value_length", 4)
      .Scalar<std::uint32_t>("llama.rope.dimension_count", 4)
      .Scalar<float>("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  weight("token_embd.weight", {19, kWidth});
  for (std::uint32_t i = 0; i < kLayers; ++i) {
    const std::string block = "blk." + std::to_string(i) + ".";
    weight(block + "attn_norm.weight", {kWidth});
    for (const std::string name :
         {"attn_q", "attn_k", "attn_v", "ffn_gate", "ffn_up"}) {
      weight(block + name + ".weight", {4, kWidth});
    }
    weight(block + "attn_output.weight", {kWidth, 4});
    weight(block + "ffn_norm.weight", {kWidth});
    weight(block + "ffn_down.weight", {kWidth, 4});
  }
  weight("output_norm.weight", {kWidth});
  return builder;
}

// A number of bytes that /proc/self/status gives in kB.
std::size_t MemoryOf(const std::string& key) {
  std::ifstream file("/proc/self/status");
  std::string word;
  while (file >> word) {
    if (word != key + ":") continue;
    std::size_t kilobytes = 0;
    file >> kilobytes;
    return kilobytes << 10;
  }
  return 0;
}

// How far resident memory rises while a lens is computed.
std::size_t RiseOfLens(const Model& model, std::size_t budget) {
  LensOptions options;
  options.top_k = 1;
  options.max_residual_bytes = budget;
  const std::vector<TokenId> ids = RandomIds(kTokens, 1, 19);
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak is now
  const std::size_t before = MemoryOf("VmRSS");
  EXPECT_TRUE(ComputeLens(model, ids, options).ok());
  return MemoryOf("VmHWM") - before;
}

TEST(LensBlocksMemoryTest, TheBudgetBoundsIt) {
  const testutil::TempDir dir;
  const std::string path = dir / "deep.gguf";
  testutil::WriteFileBytes(path, DeepModel().Build());
  const Model model = Model::Open(path, {.threads = 1}).value();
  std::ofstream peak("/proc/self/clear_refs");
  if (!peak) GTEST_SKIP() << "no way to start a peak of memory anew";
  RiseOfLens(model, kResidualBytes);  // what is allocated once and kept
  const std::size_t blocks = RiseOfLens(model, kResidualBytes / 16);
  const std::size_t whole = RiseOfLens(model, kResidualBytes);
  RecordProperty("whole_bytes", std::to_string(whole));
  RecordProperty("blocks_bytes", std::to_string(blocks));
  // Of the residual rows 15 of 16 parts are spared; a fourth is left for what
  // the allocator keeps of one block for the next.
  EXPECT_LT(blocks + kResidualBytes * 2 / 3, whole);
}

}  // namespace
}  // namespace pellucid
