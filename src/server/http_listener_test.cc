#include "server/http_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <list>
#include <stop_token>
#include <thread>

#include "testutil/test_server.h"

namespace pellucid::server {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

class Hello : public HttpService {
 public:
  std::optional<HttpAnswer> Refuse(const HttpRequest&) override {
    return std::nullopt;
  }
  std::size_t BodyLimit(const HttpRequest&) const override { return 10; }
  HttpAnswer Answer(const HttpRequest& request) override {
    return {200, "text/plain", "hello " + request.client};
  }
  HttpAnswer Problem(int status) const override {
    return {status, "text/plain", "problem"};
  }
};

class Running {
 public:
  explicit Running(ListenOptions options = {})
      : listener_(HttpListener::Bind(options).value()),
        thread_([this](const std::stop_token& stop) {
          EXPECT_TRUE(listener_.Serve(service_, stop).ok());
        }) {}

  int port() const { return listener_.port(); }
  bool is_loopback() const { return listener_.is_loopback(); }
  void Stop() {
    thread_.request_stop();
    thread_.join();
  }

 private:
  Hello service_;
  HttpListener listener_;
  std::jthread thread_;
};

constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(HttpListenerTest, EachConnectionOfThisMachineIsAClient) {
  Running running;
  EXPECT_GT(running.port(), 0);
  EXPECT_TRUE(running.is_loopback());
  RawClient one(running.port()), other(running.port());
  one.Send(kGet);
  other.Send(kGet);
  EXPECT_THAT(one.ReadUntil("#"), HasSubstr("hello #1"));
  EXPECT_THAT(other.ReadUntil("#"), HasSubstr("hello #2"));
}

TEST(HttpListenerTest, BeyondItsNumberOfConnectionsItIsBusy) {
  Running running({.connections = 2});
  RawClient one(running.port()), two(running.port());
  one.Send(kGet);
  two.Send(kGet);
  one.Read(1);
  two.Read(1);
  RawClient three(running.port());
  const std::string out = three.Read();
  EXPECT_THAT(out, HasSubstr("503"));
  const std::string body = out.substr(out.find("\r\n\r\n") + 4);
  EXPECT_EQ(TestJson(body).Text("/error/code"), "busy");
  EXPECT_THAT(out, HasSubstr("Content-Length: " + std::to_string(body.size())));
  one.Close();
  // Its place is free once its thread has seen that.
  for (int i = 0; i < 200; ++i) {
    RawClient again(running.port());
    again.Send(kGet);
    if (again.Read(1).find("200 OK") != std::string::npos) return;
    std::this_thread::sleep_for(milliseconds(10));
  }
  ADD_FAILURE() << "the place stays taken";
}

TEST(HttpListenerTest, StopsWithClientsThatWait) {
  Running running;
  RawClient idle(running.port()), half(running.port());
  half.Send("GET / HT");
  std::this_thread::sleep_for(milliseconds(20));
  const auto start = std::chrono::steady_clock::now();
  running.Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(2000));
}

TEST(HttpListenerTest, WhatCannotBeBoundIsSaid) {
  const auto nowhere = HttpListener::Bind({.host = "no.such.host.invalid"});
  ASSERT_FALSE(nowhere.ok());
  EXPECT_EQ(nowhere.error().code, ErrorCode::kUsage);
  EXPECT_THAT(nowhere.error().message, HasSubstr("serve: --host"));
  const auto first = HttpListener::Bind({});
  ASSERT_TRUE(first.ok());
  const auto second = HttpListener::Bind({.port = first->port()});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kFailed);
  EXPECT_THAT(second.error().message, HasSubstr("serve: --port"));
}

TEST(HttpListenerTest, KnowsWhetherOthersReachIt) {
  EXPECT_FALSE(HttpListener::Bind({.host = "0.0.0.0"})->is_loopback());
  EXPECT_TRUE(HttpListener::Bind({.host = "localhost"})->is_loopback());
}

}  // namespace
}  // namespace pellucid::server
