#include "base/edit_distance.h"

#include <gtest/gtest.h>

namespace pellucid {
namespace {

TEST(EditDistanceTest, CountsInsertionsDeletionsAndChanges) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("lens", "lens"), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("abc", ""), 3u);
  EXPECT_EQ(EditDistance("len", "lens"), 1u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(EditDistanceTest, IsSymmetric) {
  EXPECT_EQ(EditDistance("self_attn", "self_atn"),
            EditDistance("self_atn", "self_attn"));
}

}  // namespace
}  // namespace pellucid
