#include "pellucid/version.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pellucid {
namespace {

TEST(VersionTest, IsThreeNumbers) {
  EXPECT_THAT(std::string(Version()),
              ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
}

}  // namespace
}  // namespace pellucid
