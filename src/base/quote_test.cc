#include "base/quote.h"

#include <string>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

TEST(QuoteTest, LeavesTextAlone) {
  EXPECT_EQ(Quote("blk.0.attn_q.weight"), "blk.0.attn_q.weight");
  EXPECT_EQ(Quote("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(Quote(""), "");
}

TEST(QuoteTest, ShowsControlCharactersAndBadBytes) {
  EXPECT_EQ(Quote(std::string("a\nb\0c\x7f", 6)), "a<0x0A>b<0x00>c<0x7F>");
  EXPECT_EQ(Quote("\xff"), "<0xFF>");
}

TEST(QuoteTest, CutsLongNames) {
  EXPECT_EQ(Quote(std::string(80, 'x')), std::string(80, 'x'));
  EXPECT_EQ(Quote(std::string(81, 'x')), std::string(80, 'x') + "...");
}

}  // namespace
}  // namespace pellucid
