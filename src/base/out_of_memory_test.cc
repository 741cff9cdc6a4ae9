#include "base/out_of_memory.h"

#include <gtest/gtest.h>

namespace pellucid {
namespace {

TEST(CatchOutOfMemoryTest, PassesResultsThrough) {
  EXPECT_EQ(CatchOutOfMemory("run", []() -> Result<int> { return 3; }).value(),
            3);
  EXPECT_TRUE(CatchOutOfMemory("run", [] { return Status(); }).ok());
}

TEST(CatchOutOfMemoryTest, MakesAnErrorOfAFailedAllocation) {
  const auto failed =
      CatchOutOfMemory("run", []() -> Result<int> { throw std::bad_alloc(); });
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::kFailed);
  EXPECT_EQ(failed.error().message.find("run: memory: "), 0u);
}

}  // namespace
}  // namespace pellucid
