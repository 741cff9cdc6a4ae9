#include "server/access.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace pellucid::server {
namespace {

HttpRequest With(HttpFields headers) {
  HttpRequest request;
  request.headers = std::move(headers);
  return request;
}

// The status of a refusal, or 0.
int Check(const AccessRules& rules, HttpFields headers, bool is_api = true) {
  const auto error = CheckAccess(rules, With(std::move(headers)), is_api);
  return error ? error->status : 0;
}

const AccessRules kLoopback{"127.0.0.1", 8421, true, ""};

TEST(AccessTest, NamesOfLoopbackAreAnswered) {
  for (const char* host : {"127.0.0.1:8421", "localhost:8421", "LocalHost:8421",
                           "[::1]:8421", "127.1.2.3:8421"}) {
    EXPECT_EQ(Check(kLoopback, {{"host", host}}), 0) << host;
  }
}

TEST(AccessTest, OtherNamesThatLeadHereAreNot) {
  for (const char* host :
       {"evil.example:8421", "127.0.0.1.evil.example:8421", "127.0.0.1:8422",
        "127.0.0.1", "localhost.evil:8421", "127.0.0:8421", "", ":8421",
        "192.168.1.2:8421", "127.0.0.1:8421:8421", "127.:8421",
        "127.0.0.1234:8421"}) {
    EXPECT_EQ(Check(kLoopback, {{"host", host}}), 421) << host;
  }
  EXPECT_EQ(Check(kLoopback, {}), 421);
  EXPECT_EQ(
      Check(kLoopback, {{"host", "127.0.0.1:8421"}, {"host", "evil.example"}}),
      421);
}

TEST(AccessTest, TheNameThatItWasBoundToIsAnswered) {
  const AccessRules rules{"Box.local", 8421, false, ""};
  EXPECT_EQ(Check(rules, {{"host", "box.local:8421"}}), 0);
  EXPECT_EQ(Check(rules, {{"host", "192.168.1.2:8421"}}), 0);
  EXPECT_EQ(Check(rules, {{"host", "evil.example:8421"}}), 421);
}

TEST(AccessTest, OtherOriginsAreRefused) {
  const auto from = [](const char* origin) {
    return Check(kLoopback, {{"host", "127.0.0.1:8421"}, {"origin", origin}});
  };
  EXPECT_EQ(from("http://127.0.0.1:8421"), 0);
  for (const char* origin :
       {"http://evil.example", "https://127.0.0.1:8421", "null", "",
        "http://127.0.0.1:8000", "http://localhost:8421",
        "http://127.0.0.1:8421.evil.example"}) {
    EXPECT_EQ(from(origin), 403) << origin;
  }
}

TEST(AccessTest, LinksMayLeadToThePageAndToNothingElse) {
  const HttpFields linked = {{"host", "127.0.0.1:8421"},
                             {"sec-fetch-site", "cross-site"}};
  EXPECT_EQ(Check(kLoopback, linked, /*is_api=*/false), 0);
  EXPECT_EQ(Check(kLoopback, linked, /*is_api=*/true), 403);
  EXPECT_EQ(Check(kLoopback, {{"host", "127.0.0.1:8421"},
                              {"sec-fetch-site", "same-site"}}),
            403);
  EXPECT_EQ(Check(kLoopback, {{"host", "127.0.0.1:8421"},
                              {"sec-fetch-site", "same-origin"}}),
            0);
}

TEST(AccessTest, ATokenIsAskedForByTheApi) {
  const AccessRules rules{"0.0.0.0", 8421, false, "secret"};
  const std::pair<std::string, std::string> host = {"host", "10.0.0.1:8421"};
  EXPECT_EQ(Check(rules, {host}), 401);
  EXPECT_EQ(Check(rules, {host}, /*is_api=*/false), 0);
  for (const char* given : {"Bearer secre", "Bearer secrets", "secret",
                            "Basic secret", "Bearer ", "Bearer Secret"}) {
    EXPECT_EQ(Check(rules, {host, {"authorization", given}}), 401) << given;
  }
  EXPECT_EQ(Check(rules, {host, {"authorization", "Bearer secret"}}), 0);
}

TEST(AccessTest, TokensDiffer) {
  const auto one = RandomToken(), other = RandomToken();
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->size(), 32u);
  EXPECT_NE(*one, *other);
  EXPECT_TRUE(SameToken("abc", "abc"));
  EXPECT_FALSE(SameToken("abc", "abd"));
  EXPECT_FALSE(SameToken("ab", "abc"));
  EXPECT_FALSE(SameToken("abcd", "abc"));
}

}  // namespace
}  // namespace pellucid::server
