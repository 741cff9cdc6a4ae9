#include "hub/http.h"

#include <gtest/gtest.h>

#include <chrono>

#include "testutil/environment.h"
#include "testutil/http_server.h"

namespace pellucid::hub {
namespace {

using namespace std::chrono_literals;
using Outcome = HttpResponse::Outcome;
using testutil::HttpServer;
using testutil::ScopedEnvironment;
using testutil::ServerAnswer;
using testutil::ServerRequest;

class HttpTest : public ::testing::Test {
 protected:
  // The body of a GET goes to `body_`.
  HttpResponse Get(const std::string& url, std::stop_token stop = {}) {
    HttpRequest request{url};
    request.token = token_;
    request.begin = begin_;
    request.timeout = 2s;
    request.on_body = [this](const HttpResponse& response,
                             std::span<const std::byte> bytes) {
      status_in_body_ = response.status;
      body_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return body_.size() <= most_;
    };
    return client_.Send(request, stop);
  }

  const ScopedEnvironment no_proxy_{"no_proxy", "*"};
  HttpClient client_{Settings{}};
  std::string token_, body_;
  std::uint64_t begin_ = 0;
  std::size_t most_ = 1u << 20;
  int status_in_body_ = 0;
};

TEST_F(HttpTest, AnAnswerHasStatusHeadersAndBody) {
  const HttpServer server([](const ServerRequest&) {
    return ServerAnswer{
        404, {{"X-Thing", "  a value "}, {"Retry-After", "7"}}, "not here"};
  });
  const HttpResponse response = Get(server.url() + "/a?b=c");
  EXPECT_EQ(response.outcome, Outcome::kAnswered);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.Header("x-thing"), "a value");
  EXPECT_EQ(response.Header("x-other"), "");
  EXPECT_EQ(response.retry_after, 7s);
  EXPECT_EQ(body_, "not here");
  EXPECT_EQ(status_in_body_, 404);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].target, "/a?b=c");
  EXPECT_EQ(requests[0].Header("accept-encoding"), "identity");
  EXPECT_TRUE(requests[0].Header("user-agent").starts_with("pellucid/"));
  EXPECT_EQ(requests[0].Header("authorization"), "");
  EXPECT_EQ(requests[0].Header("range"), "");
}

TEST_F(HttpTest, TokenRangeAndHeadAreSent) {
  const HttpServer server([](const ServerRequest&) {
    return ServerAnswer{206, {}, "rest"};
  });
  token_ = "hf_secret";
  begin_ = 5;
  EXPECT_EQ(Get(server.url()).status, 206);
  HttpRequest head{server.url()};
  head.head = true;
  EXPECT_EQ(client_.Send(head, {}).outcome, Outcome::kAnswered);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].Header("authorization"), "Bearer hf_secret");
  EXPECT_EQ(requests[0].Header("range"), "bytes=5-");
  EXPECT_EQ(requests[1].method, "HEAD");
  EXPECT_EQ(requests[1].Header("authorization"), "");
}

TEST_F(HttpTest, ARedirectIsAnAnswer) {
  const HttpServer server([](const ServerRequest&) {
    return ServerAnswer{302, {{"Location", "/elsewhere"}}, ""};
  });
  const HttpResponse response = Get(server.url());
  EXPECT_TRUE(response.IsRedirect());
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(HttpTest, ACutConnectionIsBroken) {
  const HttpServer server([](const ServerRequest&) {
    return ServerAnswer{200, {}, std::string(1000, 'x'), 10};
  });
  const HttpResponse response = Get(server.url());
  EXPECT_EQ(response.outcome, Outcome::kBroken);
  EXPECT_EQ(body_, std::string(10, 'x'));
  EXPECT_FALSE(response.problem.empty());
}

TEST_F(HttpTest, SilenceIsBroken) {
  const HttpServer server([](const ServerRequest&) {
    ServerAnswer answer{200, {}, std::string(1000, 'x')};
    answer.stall_after = 10;
    return answer;
  });
  EXPECT_EQ(Get(server.url()).outcome, Outcome::kBroken);
}

TEST_F(HttpTest, NobodyThereIsUnreachable) {
  std::string url;
  {
    const HttpServer server(
        [](const ServerRequest&) { return ServerAnswer{}; });
    url = server.url();
  }
  EXPECT_EQ(Get(url).outcome, Outcome::kUnreachable);
  EXPECT_EQ(Get("http://name.invalid/").outcome, Outcome::kUnreachable);
  EXPECT_EQ(Get("file:///etc/hostname").outcome, Outcome::kRefused);
  EXPECT_EQ(body_, "");
}

TEST_F(HttpTest, ABodyCanBeRefused) {
  const HttpServer server([](const ServerRequest&) {
    return ServerAnswer{200, {}, std::string(100000, 'x')};
  });
  most_ = 10;
  const HttpResponse response = Get(server.url());
  EXPECT_EQ(response.outcome, Outcome::kRefused);
  EXPECT_EQ(response.status, 200);
}

// The server never answers: only the token ends this.
TEST_F(HttpTest, AStopEndsARequestThatWaits) {
  std::stop_source source;
  const HttpServer server([&source](const ServerRequest&) {
    source.request_stop();
    ServerAnswer answer{200, {}, "x"};
    answer.stall_after = 0;
    return answer;
  });
  EXPECT_EQ(Get(server.url(), source.get_token()).outcome, Outcome::kStopped);
  EXPECT_EQ(Get(server.url(), source.get_token()).outcome, Outcome::kStopped);
}

TEST_F(HttpTest, AnEndlessHeaderIsBounded) {
  const HttpServer server([](const ServerRequest&) {
    ServerAnswer answer{200, {}, "x"};
    for (int i = 0; i < 1000; ++i) {
      answer.headers.emplace_back("X-" + std::to_string(i), "v");
    }
    return answer;
  });
  EXPECT_LE(Get(server.url()).headers.size(), 200u);
}

}  // namespace
}  // namespace pellucid::hub
