#include "render/token_texts.h"

#include "gtest/gtest.h"
#include "render/test_lens.h"

namespace pellucid::render {
namespace {

TEST(TokenTextsTest, NullWhereThereIsNoText) {
  EXPECT_EQ(TextOf({}, 3), std::nullopt);
  EXPECT_EQ(TextOf(testutil::TestText, 3), " blue");
  EXPECT_EQ(TextOf(testutil::TestText, 8), std::nullopt);
}

TEST(TokenTextsTest, PeopleSeeTheId) {
  EXPECT_EQ(TextOrId({}, 504), "<id:504>");
  EXPECT_EQ(TextOrId(testutil::TestText, 3), " blue");
  EXPECT_EQ(TextOrId(testutil::TestText, 8), "<id:8>");
}

}  // namespace
}  // namespace pellucid::render
