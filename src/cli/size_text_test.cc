#include "cli/size_text.h"

#include <gtest/gtest.h>

namespace pellucid::cli {
namespace {

TEST(SizeTextTest, SizesHaveThreeDigits) {
  EXPECT_EQ(SizeText(0), "0 B");
  EXPECT_EQ(SizeText(999), "999 B");
  EXPECT_EQ(SizeText(1000), "1.00 kB");
  EXPECT_EQ(SizeText(9994), "9.99 kB");
  EXPECT_EQ(SizeText(98362432), "98.4 MB");
  EXPECT_EQ(SizeText(999499999), "999 MB");
  EXPECT_EQ(SizeText(999500000), "1.00 GB");
  EXPECT_EQ(SizeText(140000000000), "140 GB");
}

}  // namespace
}  // namespace pellucid::cli
