// Runs every case of a kernel's test once per instruction set that this
// processor supports, the plain loops included.
//
//   class NormTest : public testutil::PerIsaTest {};
//   PELLUCID_INSTANTIATE_PER_ISA(NormTest);
//   TEST_P(NormTest, EqualsReference) { ... EXPECT_EQ(Bits(out), ...) ... }
//
// Results are compared by Bits(), since EXPECT_EQ on floats takes -0 for 0 and
// no NaN for another.
#ifndef PELLUCID_TESTS_TESTUTIL_PER_ISA_H_
#define PELLUCID_TESTS_TESTUTIL_PER_ISA_H_

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/isa.h"

namespace pellucid::testutil {

class PerIsaTest : public ::testing::TestWithParam<kernels::Isa> {
 protected:
  PerIsaTest() : before_(kernels::CurrentIsa()) {
    EXPECT_TRUE(kernels::SelectIsa(GetParam()).ok());
  }
  ~PerIsaTest() override { EXPECT_TRUE(kernels::SelectIsa(before_).ok()); }

 private:
  kernels::Isa before_;
};

inline std::vector<std::uint32_t> Bits(std::span<const float> values) {
  std::vector<std::uint32_t> bits;
  bits.reserve(values.size());
  for (const float v : values) bits.push_back(std::bit_cast<std::uint32_t>(v));
  return bits;
}
inline std::uint32_t Bits(float value) {
  return std::bit_cast<std::uint32_t>(value);
}

}  // namespace pellucid::testutil

#define PELLUCID_INSTANTIATE_PER_ISA(suite)                             \
  INSTANTIATE_TEST_SUITE_P(                                             \
      PerIsa, suite,                                                    \
      ::testing::ValuesIn(::pellucid::kernels::SupportedIsas()),        \
      [](const ::testing::TestParamInfo<::pellucid::kernels::Isa>& i) { \
        return std::string(::pellucid::kernels::NameOf(i.param));       \
      })

#endif  // PELLUCID_TESTS_TESTUTIL_PER_ISA_H_
