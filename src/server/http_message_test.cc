#include "server/http_message.h"

#include <gtest/gtest.h>

namespace pellucid::server {
namespace {

TEST(HttpMessageTest, HeadersAreFoundByName) {
  HttpRequest request;
  request.headers = {{"host", "a"}, {"x", "1"}, {"host", "b"}};
  EXPECT_EQ(request.Header("host"), "a");
  EXPECT_EQ(request.Header("y"), std::nullopt);
  EXPECT_EQ(request.CountOf("host"), 2u);
  EXPECT_FALSE(request.gone());
}

}  // namespace
}  // namespace pellucid::server
