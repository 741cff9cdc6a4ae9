#include "kernels/softcap.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/math.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;

class SoftCapTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(SoftCapTest);

TEST_P(SoftCapTest, EqualsThePlainLoopForEveryTailLength) {
  for (std::size_t count = 0; count <= 67; ++count) {
    std::vector<float> x = testutil::Noise(count, count + 1);
    for (float& v : x) v *= 40;
    std::vector<float> plain = x;
    for (float& v : plain) v = 30 * Tanh(v / 30);
    SoftCap(30, x);
    EXPECT_EQ(Bits(x), Bits(plain)) << count;
  }
}

TEST_P(SoftCapTest, KeepsSmallNumbersAndBoundsLargeOnes) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> x = {0.0f,      1e-3f,      -1e30f,
                          kInfinity, -kInfinity, std::nanf("")};
  SoftCap(50, x);
  EXPECT_EQ(x[0], 0.0f);
  EXPECT_NEAR(x[1], 1e-3f, 1e-9);
  EXPECT_EQ(x[2], -50.0f);
  EXPECT_EQ(x[3], 50.0f);
  EXPECT_EQ(x[4], -50.0f);
  EXPECT_TRUE(std::isnan(x[5]));
}

}  // namespace
}  // namespace pellucid::kernels
