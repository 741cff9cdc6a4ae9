#include "base/scratch.h"

#include <cstdint>
#include <thread>
#include <utility>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

TEST(ScratchTest, IsUsedAgainByTheSameThread) {
  float* first = nullptr;
  {
    Scratch scratch(1000);
    first = scratch.data();
    first[999] = 1;
  }
  const Scratch smaller(500);
  EXPECT_EQ(smaller.data(), first);
}

TEST(ScratchTest, TwoAtATimeAreApart) {
  Scratch a(1000), b(1000);
  const auto at_a = reinterpret_cast<std::uintptr_t>(a.data());
  const auto at_b = reinterpret_cast<std::uintptr_t>(b.data());
  const std::size_t bytes = 1000 * sizeof(float);
  EXPECT_TRUE(at_a + bytes <= at_b || at_b + bytes <= at_a);
}

TEST(ScratchTest, MovesWithItsFloats) {
  Scratch a(100);
  float* data = a.data();
  Scratch b = std::move(a);
  EXPECT_EQ(b.data(), data);
  Scratch c;
  c = std::move(b);
  EXPECT_EQ(c.data(), data);
}

TEST(ScratchTest, MayEndOnAnotherThread) {
  Scratch scratch(1 << 16);
  std::thread([s = std::move(scratch)]() mutable { s.data()[0] = 1; }).join();
  Scratch again(1 << 16);
  again.data()[(1 << 16) - 1] = 2;
}

TEST(ScratchTest, RowsAreAlignedAndAnOddNumberOfLinesApart) {
  for (const std::size_t cols : {1u, 16u, 17u, 576u, 1024u}) {
    Scratch scratch(3 * Scratch::RowFloats(cols));
    const MatrixView rows = scratch.Rows(3, cols);
    for (std::size_t r = 0; r < 3; ++r) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(rows.Row(r)) % 64, 0u);
    }
    EXPECT_EQ(rows.stride / 16 % 2, 1u);
  }
}

}  // namespace
}  // namespace pellucid
