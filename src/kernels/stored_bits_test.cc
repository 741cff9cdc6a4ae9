// What each sum and function gives on fixed noise, as a hash of its bits, the
// same number on every instruction set and machine. Other tests compare a
// kernel with the plain loop of the same program; this one compares programs,
// such as one for Arm with one for x86-64. A hash that changes is a change of
// version (docs/numerics.md).
#include <cstdint>
#include <span>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/activation.h"
#include "kernels/attention.h"
#include "kernels/canonical.h"
#include "kernels/dot_tile.h"
#include "kernels/lens_reduce.h"
#include "kernels/norm.h"
#include "kernels/rope.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Noise;

// FNV-1a (Fowler, Noll & Vo) over words instead of bytes.
std::uint64_t Hash(std::span<const float> values) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::uint32_t word : testutil::Bits(values)) {
    hash = (hash ^ word) * 0x100000001b3;
  }
  return hash;
}

std::vector<float> Noise(std::size_t count, std::uint64_t seed, float size) {
  std::vector<float> values = testutil::Noise(count, seed);
  for (float& v : values) v *= size;
  return values;
}

class StoredBitsTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(StoredBitsTest);

TEST_P(StoredBitsTest, Dots) {
  constexpr std::size_t kX = 7, kW = 21, kD = 579;
  const std::vector<float> x = Noise(kX * kD, 1), w = Noise(kW * kD, 2);
  std::vector<float> out(kX * kW);
  DotTile({x.data(), kX, kD}, {w.data(), kW, kD}, {out.data(), kX, kW});
  EXPECT_EQ(Hash(out), 0xde1e9d686d147272);
}

TEST_P(StoredBitsTest, Norms) {
  constexpr std::size_t kX = 5, kD = 579;
  const std::vector<float> x = Noise(kX * kD, 3, 30.0f);
  const std::vector<float> weight = Noise(kD, 4), bias = Noise(kD, 5);
  std::vector<float> out(kX * kD);
  RmsNorm({x.data(), kX, kD}, weight, 1e-5f, {out.data(), kX, kD});
  EXPECT_EQ(Hash(out), 0xb8716a4d06447eea);
  LayerNorm({x.data(), kX, kD}, weight, bias, 1e-5f, {out.data(), kX, kD});
  EXPECT_EQ(Hash(out), 0x9d7e8a373130fd0f);
}

TEST_P(StoredBitsTest, Activations) {
  const std::vector<float> x = Noise(10000, 6, 12.0f);
  std::vector<float> out(x.size());
  const auto hash_of = [&](Activation activation) {
    Activate(activation, x, out);
    return Hash(out);
  };
  EXPECT_EQ(hash_of(Activation::kSilu), 0x81a9682d4ecb815a);
  EXPECT_EQ(hash_of(Activation::kGelu), 0x59e98b68f8b99f06);
  EXPECT_EQ(hash_of(Activation::kGeluTanh), 0x733754a29b755cf4);
}

TEST_P(StoredBitsTest, Rotation) {
  constexpr std::size_t kTokens = 40, kHeads = 3, kHeadDim = 20;
  const RopeTable table =
      RopeTable::Make(InverseFrequencies(100000.0, kHeadDim), kTokens);
  std::vector<float> x = Noise(kTokens * kHeads * kHeadDim, 7);
  ApplyRope(table, 0, kHeadDim, {x.data(), kTokens, kHeads * kHeadDim});
  EXPECT_EQ(Hash(x), 0x901c8e4b809ee4a7);
}

TEST_P(StoredBitsTest, Attention) {
  constexpr std::size_t kTokens = 75, kHeadDim = 20;
  const std::vector<float> q = Noise(kTokens * kHeadDim, 8, 3.0f);
  const std::vector<float> k = Noise(kTokens * kHeadDim, 9);
  const std::vector<float> v = Noise(kTokens * kHeadDim, 10);
  std::vector<float> keys(KeyBlockCount(kTokens) * kKeysInBlock * kHeadDim);
  const KeyBlocks blocks(keys.data(), kTokens, kHeadDim);
  for (std::size_t t = 0; t < kTokens; ++t) {
    for (std::size_t d = 0; d < kHeadDim; ++d) {
      blocks.At(t, d) = k[t * kHeadDim + d];
    }
  }
  std::vector<float> out(kTokens * kHeadDim);
  AttendHead({.head_dim = kHeadDim, .scale = 0.37f, .window = 0},
             {q.data(), kTokens, kHeadDim}, blocks,
             {v.data(), kTokens, kHeadDim}, 0, kTokens, nullptr, nullptr,
             {out.data(), kTokens, kHeadDim});
  EXPECT_EQ(Hash(out), 0x32d479ca73dc655c);
}

TEST_P(StoredBitsTest, LensStatistics) {
  constexpr std::size_t kRows = 3;
  const std::vector<float> z = Noise(kRows * kVocabBlock, 11, 20.0f);
  std::vector<LensBlock> blocks(kRows);
  ReduceLensBlock({z.data(), kRows, kVocabBlock}, blocks);
  std::vector<float> out;
  for (const LensBlock& block : blocks) {
    const LensStatistics statistics =
        StatisticsOf(block.sums, blocks.back().sums, /*is_final=*/false);
    for (const double value :
         {statistics.logz, statistics.entropy, statistics.kl_to_final}) {
      out.push_back(static_cast<float>(value));
    }
  }
  EXPECT_EQ(Hash(out), 0x2759f64f947154c8);
}

}  // namespace
}  // namespace pellucid::kernels
