#include "server/api_error.h"

#include <gtest/gtest.h>

namespace pellucid::server {
namespace {

TEST(ApiErrorTest, ErrorsOfTheLibraryHaveAStatus) {
  EXPECT_EQ(ErrorOf(UsageError("x")).status, 400);
  EXPECT_EQ(ErrorOf(UsageError("x")).code, "usage");
  EXPECT_EQ(ErrorOf(ModelError("x")).status, 422);
  EXPECT_EQ(ErrorOf(FailedError("x")).status, 500);
  EXPECT_EQ(ErrorOf(CancelledError("x")).status, 503);
  EXPECT_EQ(ErrorOf(CancelledError("x")).code, "cancelled");
}

TEST(ApiErrorTest, TheMessageIsText) {
  EXPECT_EQ(ErrorJson({400, "usage", "a \"b\"\n\xff"}),
            "{\"error\":{\"code\":\"usage\",\"message\":\"a \\\"b\\\"\\n"
            "<0xFF>\"}}\n");
  const HttpAnswer answer = AnswerOf({405, "usage", "x", {{"Allow", "POST"}}});
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.headers.front().first, "Allow");
}

}  // namespace
}  // namespace pellucid::server
