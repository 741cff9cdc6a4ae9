#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <regex>
#include <stop_token>
#include <string>
#include <thread>

#include "testutil/run_cli.h"
#include "testutil/test_server.h"
#include "testutil/tiny_hf.h"

namespace pellucid::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A sink that another thread waits at.
class LineSink : public Sink {
 public:
  Status Write(std::string_view text) override {
    {
      const std::lock_guard lock(mutex_);
      text_ += text;
    }
    changed_.notify_all();
    return {};
  }
  std::string AwaitLine() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30),
                      [this] { return text_.find('\n') != std::string::npos; });
    return text_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
};

// The command in a thread of its own until it is interrupted.
class Serving {
 public:
  explicit Serving(std::vector<std::string> args) {
    args.insert(args.begin(), {"serve", "--port", "0"});
    thread_ = std::thread([this, args = std::move(args)] {
      StringSource in("");
      Io io{in, out_, err_};
      io.stop = stop_.get_token();
      exit_code_ = Run(args, io);
    });
    url_ = out_.AwaitLine();
  }
  ~Serving() {
    if (thread_.joinable()) Interrupt();
  }

  const std::string& url() const { return url_; }
  int port() const { return std::stoi(url_.substr(url_.find(':', 7) + 1)); }
  int Interrupt() {
    stop_.request_stop();
    thread_.join();
    return exit_code_;
  }

 private:
  LineSink out_;
  StringSink err_;
  std::stop_source stop_;
  std::thread thread_;
  std::string url_;
  int exit_code_ = -1;
};

std::string WithoutTimes(const std::string& json) {
  return std::regex_replace(json, std::regex(R"("timing":\s*\{[^}]*\})"), "");
}

// The JSON on one line, as a value that is compared.
std::string Compact(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  EXPECT_EQ(parser.parse(json).get(root), simdjson::SUCCESS) << json;
  return simdjson::minify(root);
}

TEST(ServeCommandTest, PrintsItsAddressAndEndsAsInterrupted) {
  const testutil::TempDir dir;
  Serving serving({"--model", testutil::WriteTextModel(dir)});
  EXPECT_EQ(serving.url(),
            "http://127.0.0.1:" + std::to_string(serving.port()) + "/\n");
  httplib::Client client("127.0.0.1", serving.port());
  const auto page = client.Get("/");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_EQ(serving.Interrupt(), 130);
}

TEST(ServeCommandTest, TheLensIsThatOfTheCommand) {
  const testutil::TempDir dir;
  const std::string path = testutil::WriteTextModel(dir);
  Serving serving({"--model", path, "--threads", "2"});
  httplib::Client client("127.0.0.1", serving.port());
  const auto served = client.Post(
      "/api/v1/lens",
      R"({"text": "abc d", "top_k": 4, "layers": "-1", "targets": [" a"]})",
      "application/json");
  ASSERT_TRUE(served);
  ASSERT_EQ(served->status, 200) << served->body;
  const auto printed = testutil::RunCli(
      {"lens", "abc d", "--top-k", "4", "--layers=-1", "--target", " a",
       "--model", path, "--threads", "2", "--json", "-"});
  ASSERT_EQ(printed.exit_code, 0) << printed.err;
  EXPECT_EQ(WithoutTimes(Compact(served->body)),
            WithoutTimes(Compact(printed.out)));
}

TEST(ServeCommandTest, ATrainedLensIsChosenByItsName) {
  const testutil::TempDir dir;
  const std::string path = testutil::WriteTextModel(dir);
  std::string text;
  for (int i = 0; i < 40; ++i) text += "abc ab dea hgf bad cab 012 3";
  testutil::WriteFileText(dir / "text.txt", text);
  const auto fit = testutil::RunCli({"tune", "--text", dir / "text.txt",
                                     "--out", dir / "mine", "--window", "8",
                                     "--steps", "0", "--model", path});
  ASSERT_EQ(fit.exit_code, 0) << fit.err;
  Serving serving({"--model", path, "--lens", "tuned:" + (dir / "mine")});
  httplib::Client client("127.0.0.1", serving.port());
  const auto info = client.Get("/api/v1/info");
  ASSERT_TRUE(info);
  EXPECT_THAT(info->body, HasSubstr(R"("lenses":["logit","tuned:mine"])"));
  const auto ask = [&](const std::string& lens) {
    return client
        .Post("/api/v1/lens",
              R"({"text": "ab cab", "top_k": 5, "lens": ")" + lens + "\"}",
              "application/json")
        ->body;
  };
  const std::string served = ask("tuned:mine");
  EXPECT_THAT(served, HasSubstr(R"("lens":{"kind":"tuned","ref":"mine"})"));
  EXPECT_THAT(served, Not(HasSubstr(dir / "mine")));
  const auto printed =
      testutil::RunCli({"lens", "ab cab", "--model", path, "--lens",
                        "tuned:" + (dir / "mine"), "--json", "-"});
  const auto rows = [](const std::string& json) {
    const std::string whole = Compact(json);
    const std::size_t begin = whole.find("\"rows\"");
    return whole.substr(begin, whole.find("\"summary\"") - begin);
  };
  EXPECT_EQ(rows(served), rows(printed.out));
  EXPECT_NE(rows(served), rows(ask("logit")));
  EXPECT_THAT(ask("tuned:other"), HasSubstr("logit, tuned:mine"));
}

TEST(ServeCommandTest, ATokenIsTaken) {
  const testutil::TempDir dir;
  Serving serving(
      {"--model", testutil::WriteTextModel(dir), "--token", "secret"});
  EXPECT_THAT(serving.url(), HasSubstr("/#token=secret\n"));
  httplib::Client client("127.0.0.1", serving.port());
  EXPECT_EQ(client.Get("/api/v1/info")->status, 401);
}

TEST(ServeCommandTest, WhatCannotBeServedIsRefused) {
  const auto no_model =
      testutil::RunCli({"serve", "--model", "/no/such.gguf", "--port", "0"});
  EXPECT_EQ(no_model.exit_code, 3);
  EXPECT_EQ(no_model.out, "");
  EXPECT_EQ(testutil::RunCli({"serve", "--port", "70000"}).exit_code, 2);
  const testutil::TempDir dir;
  const std::string path = testutil::WriteTextModel(dir);
  const auto no_host = testutil::RunCli(
      {"serve", "--model", path, "--port", "0", "--host", "no.such.invalid"});
  EXPECT_EQ(no_host.exit_code, 2);
  EXPECT_THAT(no_host.err, HasSubstr("serve: --host"));
  EXPECT_EQ(
      testutil::RunCli({"serve", "--model", path, "--lens", "best"}).exit_code,
      2);
  EXPECT_EQ(testutil::RunCli({"serve", "--model", path, "--port", "0", "--lens",
                              "tuned:/no/such"})
                .exit_code,
            3);
  EXPECT_THAT(testutil::RunCli({"serve", "--help"}).out, HasSubstr("--port"));
}

}  // namespace
}  // namespace pellucid::cli
