#include "kernels/isa.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/isa_test.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

// What this copy of the code was compiled for.
std::int64_t CompiledTarget() { return HWY_TARGET; }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {
namespace {

HWY_EXPORT(CompiledTarget);

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr Isa kAll[] = {Isa::kReference, Isa::kAvx2, Isa::kAvx512, Isa::kNeon};

// Leaves the choice and the environment as they were.
class IsaTest : public ::testing::Test {
 protected:
  IsaTest() : before_(CurrentIsa()) { unsetenv("PELLUCID_ISA"); }
  ~IsaTest() override {
    unsetenv("PELLUCID_ISA");
    EXPECT_TRUE(SelectIsa(before_).ok());
  }

  static Status SelectNamed(const char* name) {
    setenv("PELLUCID_ISA", name, /*overwrite=*/1);
    return SelectIsaFromEnvironment();
  }

 private:
  Isa before_;
};

TEST_F(IsaTest, NamesReadBack) {
  for (const Isa isa : kAll) EXPECT_EQ(IsaFromName(NameOf(isa)), isa);
  EXPECT_EQ(IsaFromName("sse9"), std::nullopt);
  EXPECT_EQ(IsaFromName(""), std::nullopt);
  EXPECT_EQ(IsaFromName("AVX2"), std::nullopt);
}

TEST_F(IsaTest, PlainLoopsAreAlwaysSupportedAndWorst) {
  const std::vector<Isa> isas = SupportedIsas();
  ASSERT_FALSE(isas.empty());
  EXPECT_EQ(isas.front(), Isa::kReference);
}

TEST_F(IsaTest, TheSelectedOneIsInForce) {
  for (const Isa isa : SupportedIsas()) {
    ASSERT_TRUE(SelectIsa(isa).ok());
    EXPECT_EQ(CurrentIsa(), isa);
    EXPECT_EQ(UsesReference(), isa == Isa::kReference);
  }
}

// So that a case named after an instruction set is one that ran on it.
TEST_F(IsaTest, KernelsRunTheCodeOfTheSelectedOne) {
  for (const Isa isa : SupportedIsas()) {
    if (isa == Isa::kReference) continue;  // asked for by UsesReference instead
    ASSERT_TRUE(SelectIsa(isa).ok());
    const std::int64_t target = isa == Isa::kAvx2     ? HWY_AVX2
                                : isa == Isa::kAvx512 ? HWY_AVX3
                                                      : HWY_NEON;
    EXPECT_EQ(HWY_DYNAMIC_DISPATCH(CompiledTarget)(), target) << NameOf(isa);
  }
}

#if HWY_ARCH_ARM_A64
TEST_F(IsaTest, Arm64RunsNeon) {
  EXPECT_EQ(SupportedIsas(), (std::vector<Isa>{Isa::kReference, Isa::kNeon}));
}
#endif

TEST_F(IsaTest, WhatCannotRunIsRefusedAndChangesNothing) {
  const std::vector<Isa> isas = SupportedIsas();
  for (const Isa isa : kAll) {
    if (std::count(isas.begin(), isas.end(), isa) > 0) continue;
    const Status status = SelectIsa(isa);
    ASSERT_FALSE(status.ok()) << NameOf(isa);
    EXPECT_EQ(status.error().code, ErrorCode::kFailed);
    EXPECT_THAT(status.error().message, HasSubstr(std::string(NameOf(isa))));
    EXPECT_THAT(status.error().message, HasSubstr("run only reference"));
    EXPECT_THAT(isas, Contains(CurrentIsa()));
  }
}

TEST_F(IsaTest, EnvironmentSelects) {
  for (const Isa isa : SupportedIsas()) {
    ASSERT_TRUE(SelectNamed(std::string(NameOf(isa)).c_str()).ok());
    EXPECT_EQ(CurrentIsa(), isa);
  }
}

TEST_F(IsaTest, EmptyOrUnsetEnvironmentTakesTheBest) {
  if (SupportedIsas().size() == 1) GTEST_SKIP() << "no vector instructions";
  ASSERT_TRUE(SelectIsa(Isa::kReference).ok());
  ASSERT_TRUE(SelectNamed("").ok());
  EXPECT_EQ(CurrentIsa(), SupportedIsas().back());
  ASSERT_TRUE(SelectIsa(Isa::kReference).ok());
  unsetenv("PELLUCID_ISA");
  ASSERT_TRUE(SelectIsaFromEnvironment().ok());
  EXPECT_EQ(CurrentIsa(), SupportedIsas().back());
}

TEST_F(IsaTest, WrongNameInEnvironmentNamesTheChoices) {
  const Status status = SelectNamed("sse2");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kUsage);
  EXPECT_EQ(status.error().message,
            "select instruction set: PELLUCID_ISA=sse2: no such instruction "
            "set; choose one of reference, neon, avx2, avx512");
}

#if HWY_ARCH_X86
TEST_F(IsaTest, AProcessorWithoutAvx2IsRefusedButForThePlainLoops) {
  hwy::SetSupportedTargetsForTest(HWY_SSE4);
  EXPECT_EQ(SupportedIsas(), std::vector<Isa>{Isa::kReference});
  const Status unset = SelectIsaFromEnvironment();
  const Status avx2 = SelectNamed("avx2");
  const Status reference = SelectNamed("reference");
  hwy::SetSupportedTargetsForTest(0);

  ASSERT_FALSE(unset.ok());
  EXPECT_EQ(unset.error().code, ErrorCode::kFailed);
  EXPECT_THAT(unset.error().message, HasSubstr("lacks AVX2 and FMA"));
  ASSERT_FALSE(avx2.ok());
  EXPECT_EQ(avx2.error().code, ErrorCode::kFailed);
  EXPECT_TRUE(reference.ok());
}
#endif

}  // namespace
}  // namespace pellucid::kernels
#endif  // HWY_ONCE
