#include "server/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pellucid::server {
namespace {

using ::testing::HasSubstr;

TEST(PageTest, TheServedPageAsksItsServerAlone) {
  const std::string html = PageHtml();
  EXPECT_THAT(html, HasSubstr("\"kind\":\"serve\""));
  EXPECT_THAT(html, HasSubstr("connect-src 'self'"));
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
}

}  // namespace
}  // namespace pellucid::server
