#include "server/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "testutil/test_server.h"

namespace pellucid::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ApiTest, EveryRouteIsDescribedAndNoOther) {
  TestServer server;
  const auto result = server.Get("/api/v1/openapi.json");
  ASSERT_TRUE(result);
  const TestJson document(result->body);
  std::set<std::string> described, served;
  for (const std::string& path : document.Keys("/paths")) {
    std::string pointer = "/paths/";
    for (const char c : path) pointer += c == '/' ? "~1" : std::string(1, c);
    for (const std::string& method : document.Keys(pointer)) {
      described.insert(method + " " + path);
    }
  }
  for (const Route& route : Routes()) {
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    served.insert(method + " " + std::string(route.path));
  }
  EXPECT_EQ(described, served);
}

// Each key of a request in the description is taken: what is wrong with it is
// its value, if anything.
TEST(ApiTest, EveryKeyOfARequestIsKnown) {
  TestServer server;
  const TestJson document(server.Get("/api/v1/openapi.json")->body);
  for (const char* route : {"lens", "trace", "generate", "tokenize"}) {
    std::string name = route;
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
    const auto keys =
        document.Keys("/components/schemas/" + name + "Request/properties");
    for (const std::string& key : keys) {
      std::string body = "{\"" + key + "\": null";
      if (key != "text") body += R"(, "text": "a")";
      if (key != "sites" && name == "Trace") body += R"(, "sites": ["embed"])";
      const auto result = server.Post(route, body + "}");
      ASSERT_TRUE(result);
      EXPECT_EQ(result->status, 400);
      EXPECT_THAT(result->body, Not(HasSubstr("is unknown"))) << key;
      EXPECT_THAT(result->body, HasSubstr(key)) << route;
    }
    EXPECT_GT(keys.size(), 1u);
    std::string unknown = R"({"no_such_key": 1, "text": "a")";
    if (name == "Trace") unknown += R"(, "sites": ["embed"])";
    EXPECT_THAT(server.Post(route, unknown + "}")->body,
                HasSubstr("no_such_key"));
  }
}

TEST(ApiTest, WhatIsNoRouteIsNamed) {
  TestServer server;
  const auto result = server.Get("/api/v1/nowhere");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 404);
  EXPECT_EQ(CodeOf(result), "not_found");
  EXPECT_EQ(server.Get("/api/v1/../../etc/passwd")->status, 404);
  EXPECT_EQ(server.Get("/%2e%2e/etc/passwd")->status, 404);
}

TEST(ApiTest, OtherMethodsAreToldWhichThereIs) {
  TestServer server;
  auto client = server.Client();
  const auto get = client.Get("/api/v1/lens");
  ASSERT_TRUE(get);
  EXPECT_EQ(get->status, 405);
  EXPECT_EQ(get->get_header_value("Allow"), "POST");
  for (const auto& result :
       {client.Post("/api/v1/info", "{}", "application/json"),
        client.Put("/api/v1/lens", "{}", "application/json"),
        client.Delete("/api/v1/lens"), client.Options("/api/v1/lens"),
        client.Patch("/", "", "text/plain")}) {
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 405);
    EXPECT_FALSE(result->get_header_value("Allow").empty());
    EXPECT_FALSE(result->has_header("Access-Control-Allow-Origin"));
  }
  EXPECT_EQ(client.Head("/api/v1/info")->status, 200);
}

TEST(ApiTest, FormsOfOtherSitesAreNotRead) {
  TestServer server;
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded",
                           "multipart/form-data; boundary=x", ""}) {
    const auto result =
        server.Client().Post("/api/v1/tokenize", R"({"text": "a"})", type);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 415) << type;
  }
  EXPECT_EQ(server.Client()
                .Post("/api/v1/tokenize", R"({"text": "a"})",
                      "Application/JSON; charset=utf-8")
                ->status,
            200);
}

TEST(ApiTest, OtherHostsAndOriginsAreRefused) {
  TestServer server;
  auto client = server.Client();
  const auto rebound = client.Get("/", {{"Host", "evil.example"}});
  ASSERT_TRUE(rebound);
  EXPECT_EQ(rebound->status, 421);
  EXPECT_EQ(CodeOf(rebound), "forbidden");
  const auto crossed =
      client.Post("/api/v1/tokenize", {{"Origin", "http://evil.example"}},
                  R"({"text": "a"})", "application/json");
  ASSERT_TRUE(crossed);
  EXPECT_EQ(crossed->status, 403);
  const auto own = client.Post(
      "/api/v1/tokenize",
      {{"Origin", "http://127.0.0.1:" + std::to_string(server.port())}},
      R"({"text": "a"})", "application/json");
  ASSERT_TRUE(own);
  EXPECT_EQ(own->status, 200);
}

TEST(ApiTest, ATokenIsWantedOfTheApiAndNotOfThePage) {
  ServerOptions options;
  options.token = "secret";
  TestServer server(options);
  EXPECT_THAT(server.server().url(), ::testing::EndsWith("/#token=secret"));
  EXPECT_EQ(server.Get("/")->status, 200);
  const auto without = server.Get("/api/v1/info");
  EXPECT_EQ(without->status, 401);
  EXPECT_EQ(CodeOf(without), "forbidden");
  EXPECT_EQ(server.Client()
                .Get("/api/v1/info", {{"Authorization", "Bearer secret"}})
                ->status,
            200);
}

TEST(ApiTest, AnswersAreNotToBeStoredFramedOrGuessedAt) {
  TestServer server;
  for (const char* path : {"/", "/api/v1/info", "/nowhere"}) {
    const auto result = server.Get(path);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->get_header_value("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(result->get_header_value("Cache-Control"), "no-store");
    EXPECT_THAT(result->get_header_value("Content-Security-Policy"),
                HasSubstr("frame-ancestors 'none'"));
    EXPECT_FALSE(result->has_header("Access-Control-Allow-Origin"));
  }
  EXPECT_THAT(server.Get("/")->get_header_value("Content-Type"),
              HasSubstr("text/html"));
}

TEST(ApiTest, LargeBodiesAreRefused) {
  ServerOptions options;
  options.limits.body_bytes = 1000;
  TestServer server(options);
  const auto result =
      server.Post("tokenize", "{\"text\": \"" + std::string(2000, 'a') + "\"}");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 413);
  EXPECT_EQ(CodeOf(result), "too_large");
}

}  // namespace
}  // namespace pellucid::server
