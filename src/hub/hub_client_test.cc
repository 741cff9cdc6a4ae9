#include "hub/hub_client.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "testutil/environment.h"
#include "testutil/fake_hub.h"

namespace pellucid::hub {
namespace {

using namespace std::chrono_literals;
using testutil::FakeHub;
using testutil::ScopedEnvironment;
using testutil::ServerAnswer;
using testutil::ServerRequest;

constexpr const char* kToken = "hf_secret";

class HubClientTest : public ::testing::Test {
 protected:
  HubClientTest() {
    hub_.Add("config.json", "{}", /*lfs=*/false);
    hub_.Add("model.safetensors", "weights", /*lfs=*/true);
    options_.warn = [this](const std::string& text) {
      warnings_ += text + "\n";
    };
  }
  HubClient Client() {
    Settings settings;
    settings.endpoint = endpoint_;
    settings.token = kToken;
    settings.retry_delay = 1ms;
    return HubClient(settings, HubName{"org/name", "main", ""}, options_);
  }
  std::string GetAll(const std::string& file, HttpResponse* response) {
    std::string body;
    *response = Client().Get(
        FakeHub::kCommit, file, 0,
        [&](const HttpResponse&, std::span<const std::byte> bytes) {
          body.append(reinterpret_cast<const char*>(bytes.data()),
                      bytes.size());
          return true;
        });
    return body;
  }

  const ScopedEnvironment no_proxy_{"no_proxy", "*"};
  FakeHub hub_;
  std::string endpoint_ = hub_.hub().url();
  HubOptions options_;
  std::string warnings_;
};

TEST_F(HubClientTest, ListsTheFilesOfARevision) {
  const auto listing = Client().List(1);
  ASSERT_TRUE(listing.ok()) << listing.error().message;
  EXPECT_EQ(listing->commit, FakeHub::kCommit);
  EXPECT_TRUE(listing->Has("model.safetensors"));
  EXPECT_EQ(hub_.hub().requests()[0].Header("authorization"),
            "Bearer hf_secret");
}

TEST_F(HubClientTest, AHeadStopsWhereItWouldLeaveTheHub) {
  const auto small = Client().Head(FakeHub::kCommit, "config.json");
  ASSERT_TRUE(small.ok()) << small.error().message;
  EXPECT_EQ(small->etag, hub_.EtagOf("config.json"));
  EXPECT_EQ(small->size, 2u);
  const auto large = Client().Head(FakeHub::kCommit, "model.safetensors");
  ASSERT_TRUE(large.ok()) << large.error().message;
  EXPECT_EQ(large->etag, hub_.EtagOf("model.safetensors"));
  EXPECT_EQ(large->size, 7u);
  EXPECT_TRUE(hub_.store().requests().empty());
}

TEST_F(HubClientTest, TheTokenStaysOnTheHub) {
  HttpResponse response;
  EXPECT_EQ(GetAll("model.safetensors", &response), "weights");
  EXPECT_EQ(response.status, 200);
  ASSERT_EQ(hub_.store().requests().size(), 1u);
  EXPECT_EQ(hub_.store().requests()[0].Header("authorization"), "");
  EXPECT_EQ(hub_.hub().requests()[0].Header("authorization"),
            "Bearer hf_secret");
}

// Renamed repositories; the redirect's own body is nobody's.
TEST_F(HubClientTest, ARedirectOnTheHubIsFollowedWithTheToken) {
  hub_.SetFault(
      [](const ServerRequest& request) -> std::optional<ServerAnswer> {
        if (request.target.find("moved") != std::string::npos ||
            request.target.find("/api/") != std::string::npos) {
          return std::nullopt;
        }
        if (request.target.ends_with("/config.json?1")) {
          return ServerAnswer{
              200,
              {{"X-Repo-Commit", FakeHub::kCommit}, {"ETag", "W/\"abc\""}},
              "{}"};
        }
        return ServerAnswer{307, {{"Location", "config.json?1"}}, "moved"};
      });
  const auto metadata = Client().Head(FakeHub::kCommit, "config.json");
  ASSERT_TRUE(metadata.ok()) << metadata.error().message;
  EXPECT_EQ(metadata->etag, "abc");
  HttpResponse response;
  EXPECT_EQ(GetAll("config.json", &response), "{}");
  for (const ServerRequest& request : hub_.hub().requests()) {
    EXPECT_EQ(request.Header("authorization"), "Bearer hf_secret");
  }
}

TEST_F(HubClientTest, ARingOfRedirectsEnds) {
  hub_.SetFault([](const ServerRequest& request) {
    return ServerAnswer{302, {{"Location", request.target}}, ""};
  });
  const auto metadata = Client().Head(FakeHub::kCommit, "config.json");
  ASSERT_FALSE(metadata.ok());
  EXPECT_NE(metadata.error().message.find("more than 10 redirects"),
            std::string::npos)
      << metadata.error().message;
  EXPECT_EQ(hub_.hub().requests().size(), 11u);
}

TEST_F(HubClientTest, ARedirectOutOfTheWebIsRefused) {
  hub_.SetFault([](const ServerRequest&) {
    return ServerAnswer{302, {{"Location", "file:///etc/passwd"}}, ""};
  });
  HttpResponse response;
  EXPECT_EQ(GetAll("config.json", &response), "");
  EXPECT_EQ(response.outcome, HttpResponse::Outcome::kRefused);
}

TEST_F(HubClientTest, AHubThatFailsIsAskedAgain) {
  int asked = 0;
  hub_.SetFault([&asked](const ServerRequest&) -> std::optional<ServerAnswer> {
    ++asked;
    if (asked <= 2) return ServerAnswer{503, {}, "busy"};
    if (asked == 3) return ServerAnswer{200, {}, std::string(99, 'x'), 3};
    return std::nullopt;
  });
  const auto listing = Client().List(HubClient::kTries);
  EXPECT_TRUE(listing.ok()) << listing.error().message;
  EXPECT_EQ(asked, 4);
  EXPECT_NE(warnings_.find("org/name: the hub answers 503; trying again\n"),
            std::string::npos)
      << warnings_;
}

TEST_F(HubClientTest, TriesAreCounted) {
  hub_.SetFault([](const ServerRequest&) { return ServerAnswer{500}; });
  const auto listing = Client().List(HubClient::kTries);
  ASSERT_FALSE(listing.ok());
  EXPECT_EQ(listing.error().code, ErrorCode::kFailed);
  EXPECT_EQ(hub_.hub().requests().size(), 5u);
  EXPECT_FALSE(Client().List(1).ok());
  EXPECT_EQ(hub_.hub().requests().size(), 6u);
}

TEST_F(HubClientTest, WithoutANetworkItIsSaidSoon) {
  endpoint_ = "http://127.0.0.1:1";
  const auto listing = Client().List(HubClient::kTries);
  ASSERT_FALSE(listing.ok());
  EXPECT_EQ(listing.error().code, ErrorCode::kFailed);
  EXPECT_EQ(std::ranges::count(warnings_, '\n'), 1);
}

TEST_F(HubClientTest, ALongWaitIsTheUsersToDecide) {
  hub_.SetFault([](const ServerRequest&) {
    return ServerAnswer{429, {{"Retry-After", "250"}}, ""};
  });
  const auto listing = Client().List(HubClient::kTries);
  ASSERT_FALSE(listing.ok());
  EXPECT_EQ(hub_.hub().requests().size(), 1u);
  EXPECT_NE(listing.error().message.find("429, too many requests; try again "
                                         "250 s from now"),
            std::string::npos)
      << listing.error().message;
}

TEST_F(HubClientTest, AStopEndsTheWait) {
  std::stop_source source;
  options_.stop = source.get_token();
  options_.warn = [&source](const std::string&) { source.request_stop(); };
  hub_.SetFault([](const ServerRequest&) {
    return ServerAnswer{503, {{"Retry-After", "50"}}, ""};
  });
  const auto listing = Client().List(HubClient::kTries);
  ASSERT_FALSE(listing.ok());
  EXPECT_EQ(listing.error().code, ErrorCode::kCancelled);
}

TEST_F(HubClientTest, WhatIsNoHubIsSaid) {
  const std::vector<std::vector<std::pair<std::string, std::string>>> headers =
      {{},
       {{"ETag", "\"a\""}},
       {{"ETag", "\"a\""}, {"X-Repo-Commit", std::string(40, '1')}},
       {{"X-Repo-Commit", FakeHub::kCommit}},
       {{"X-Repo-Commit", FakeHub::kCommit}, {"ETag", "\"../a\""}},
       {{"X-Repo-Commit", FakeHub::kCommit}, {"ETag", "\"\""}}};
  for (const auto& some : headers) {
    hub_.SetFault([&some](const ServerRequest&) {
      return ServerAnswer{200, some, "x"};
    });
    const auto metadata = Client().Head(FakeHub::kCommit, "config.json");
    ASSERT_FALSE(metadata.ok());
    EXPECT_NE(metadata.error().message.find("comes from no hub"),
              std::string::npos)
        << metadata.error().message;
  }
}

// Not in any error or warning, whatever happens.
TEST_F(HubClientTest, TheTokenIsNeverSaid) {
  std::string said;
  for (const int status : {400, 401, 403, 404, 418, 429, 500, 503}) {
    hub_.SetFault([status](const ServerRequest& request) {
      // Some proxies show what they were sent.
      return ServerAnswer{
          status, {{"X-Status", "no"}}, request.Header("authorization")};
    });
    const auto listing = Client().List(2);
    ASSERT_FALSE(listing.ok());
    said += listing.error().message + "\n";
  }
  said += warnings_;
  EXPECT_EQ(said.find(kToken), std::string::npos) << said;
}

}  // namespace
}  // namespace pellucid::hub
