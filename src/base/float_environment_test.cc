#include "base/float_environment.h"

#include <cfenv>
#include <limits>

#include "gtest/gtest.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace pellucid {
namespace {

// Through volatile, so that the processor divides and not the compiler.
float Divide(float a, float b) {
  const volatile float x = a, y = b;
  return x / y;
}

TEST(FloatEnvironmentTest, RoundsToNearestInsideAndRestoresOutside) {
  const float nearest = Divide(1, 3);
  ASSERT_EQ(std::fesetround(FE_UPWARD), 0);
  const float upward = Divide(1, 10);
  float inside = 0;
  {
    const FloatEnvironment environment;
    inside = Divide(1, 3);
  }
  const float after = Divide(1, 10);
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(inside, nearest);
  EXPECT_EQ(after, upward);
}

#if defined(__x86_64__)
TEST(FloatEnvironmentTest, KeepsDenormalsInsideAndRestoresOutside) {
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);  // flush to zero, denormals are zero
  constexpr float kLeast = std::numeric_limits<float>::min();
  const float flushed = Divide(kLeast, 2);
  float inside = 0, nested = 0;
  {
    const FloatEnvironment environment;
    {
      const FloatEnvironment again;
      nested = Divide(kLeast, 2);
    }
    inside = Divide(kLeast, 2);
  }
  const float after = Divide(kLeast, 2);
  _mm_setcsr(before);
  EXPECT_EQ(flushed, 0.0f);
  EXPECT_EQ(after, 0.0f);
  EXPECT_EQ(inside, kLeast / 2);
  EXPECT_EQ(nested, kLeast / 2);
}
#endif

}  // namespace
}  // namespace pellucid
