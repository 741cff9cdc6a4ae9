#include "server/http_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "server/socket_stream.h"

namespace pellucid::server {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Answers with what it was asked.
class Echo : public HttpService {
 public:
  std::optional<HttpAnswer> Refuse(const HttpRequest& request) override {
    if (request.path != "/no") return std::nullopt;
    return HttpAnswer{403, "text/plain", "refused"};
  }
  std::size_t BodyLimit(const HttpRequest&) const override { return 1000; }
  HttpAnswer Answer(const HttpRequest& request) override {
    HttpAnswer answer{
        200, "text/plain",
        request.method + " " + request.path + " " + request.body + "."};
    if (request.path == "/stream" || request.path == "/broken") {
      answer.stream = [path = request.path](const BodySink& sink) {
        sink("one ");
        sink("two");
        return path == "/stream";
      };
    }
    return answer;
  }
  HttpAnswer Problem(int status) const override {
    return {status, "text/plain", "problem " + std::to_string(status)};
  }
};

// Everything that comes back for `bytes`, which end the client's half.
std::string Exchange(const std::string& bytes, HttpLimits limits = {},
                     bool closes = true) {
  std::array<int, 2> ends = {};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  Echo service;
  std::thread server([&, fd = ends[0]] {
    ServeConnection(fd, "test", limits, service);
    ::close(fd);
  });
  std::thread writer([&, fd = ends[1]] {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t n =
          ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) break;
      sent += static_cast<std::size_t>(n);
    }
    if (closes) ::shutdown(fd, SHUT_WR);
  });
  std::string out;
  std::array<char, 4096> chunk;
  while (true) {
    const ssize_t got = ::recv(ends[1], chunk.data(), chunk.size(), 0);
    if (got <= 0) break;
    out.append(chunk.data(), static_cast<std::size_t>(got));
  }
  server.join();
  writer.join();
  ::close(ends[1]);
  return out;
}

std::string Get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

std::string Post(const std::string& headers, const std::string& body) {
  return "POST /p HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n" + body;
}

TEST(HttpConnectionTest, AnswersOneRequestAfterAnother) {
  const std::string out = Exchange(Get("/a") + Get("/b"));
  EXPECT_THAT(out, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(out, HasSubstr("GET /a ."));
  EXPECT_THAT(out, HasSubstr("GET /b ."));
  EXPECT_THAT(out, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(out, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_THAT(out, Not(HasSubstr("Access-Control")));
}

TEST(HttpConnectionTest, ReadsBodiesWithLengthAndInChunks) {
  EXPECT_THAT(Exchange(Post("Content-Length: 3\r\n", "abc")),
              HasSubstr("POST /p abc."));
  EXPECT_THAT(Exchange(Post("Transfer-Encoding: chunked\r\n",
                            "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")),
              HasSubstr("POST /p abc."));
}

TEST(HttpConnectionTest, AHeadHasNoBody) {
  const std::string out = Exchange("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(out, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(out, HasSubstr("Content-Length: 9\r\n"));
  EXPECT_THAT(out, Not(HasSubstr("HEAD /a")));
}

TEST(HttpConnectionTest, StreamsInChunksOrToTheEnd) {
  const std::string out = Exchange(Get("/stream"));
  EXPECT_THAT(out, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(out, HasSubstr("4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"));
  const std::string old =
      Exchange("GET /stream HTTP/1.0\r\nHost: x\r\n\r\n" + Get("/a"));
  EXPECT_THAT(old, Not(HasSubstr("chunked")));
  EXPECT_THAT(old, ::testing::EndsWith("\r\n\r\none two"));
}

TEST(HttpConnectionTest, AStreamThatBreaksHasNoEnd) {
  EXPECT_THAT(Exchange(Get("/broken")), Not(HasSubstr("0\r\n\r\n")));
}

TEST(HttpConnectionTest, RefusesBeforeTheBodyIsRead) {
  const std::string out = Exchange(
      "POST /no HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n", {},
      /*closes=*/false);
  EXPECT_THAT(out, StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(out, HasSubstr("Connection: close\r\n"));
}

TEST(HttpConnectionTest, MalformedRequestsAreAnsweredAndCut) {
  for (const char* bytes :
       {"\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "E@T / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1 more\r\n\r\n"}) {
    const std::string out = Exchange(bytes + Get("/a"));
    EXPECT_THAT(out, StartsWith("HTTP/1.1 400")) << bytes;
    EXPECT_THAT(out, HasSubstr("problem 400")) << bytes;
    EXPECT_THAT(out, Not(HasSubstr("GET /a"))) << bytes;
  }
  EXPECT_THAT(Exchange("GET / HT"), StartsWith("HTTP/1.1 400"));
  EXPECT_EQ(Exchange(""), "");
  EXPECT_THAT(Exchange("EAT / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 405"));
}

TEST(HttpConnectionTest, BodiesWithoutAClearEndAreRefused) {
  EXPECT_THAT(Exchange(Post("", "abc")), StartsWith("HTTP/1.1 411"));
  EXPECT_THAT(
      Exchange(Post("Content-Length: 3\r\nContent-Length: 4\r\n", "abc")),
      StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Exchange(Post("Content-Length: 3\r\nTransfer-Encoding: "
                            "chunked\r\n",
                            "0\r\n\r\n")),
              StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Exchange(Post("Transfer-Encoding: chunked\r\n", "zz\r\n")),
              StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Exchange(Post("Content-Length: 30\r\n", "abc")),
              StartsWith("HTTP/1.1 400"));
}

TEST(HttpConnectionTest, LargeAndPackedBodiesAreRefused) {
  EXPECT_THAT(Exchange(Post("Content-Length: 1001\r\n", "")),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Exchange(Post("Content-Length: 99999999999999999999999\r\n", "")),
              StartsWith("HTTP/1.1 413"));
  std::string chunks;
  for (int i = 0; i < 100; ++i) chunks += "10\r\n0123456789abcdef\r\n";
  EXPECT_THAT(Exchange(Post("Transfer-Encoding: chunked\r\n", chunks)),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(
      Exchange(Post("Content-Length: 3\r\nContent-Encoding: gzip\r\n", "abc")),
      StartsWith("HTTP/1.1 415"));
}

TEST(HttpConnectionTest, HeadsAreBounded) {
  HttpLimits limits;
  limits.head_bytes = 2000;
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 200; ++i) many += "a: 0123456789\r\n";
  EXPECT_THAT(Exchange(many + "\r\n", limits), Not(HasSubstr("200 OK")));
  EXPECT_THAT(Exchange("GET /" + std::string(9000, 'a') +
                       " HTTP/1.1\r\nHost: x\r\n\r\n"),
              StartsWith("HTTP/1.1 414"));
  // Parts of an answer, which a list of thousands would multiply.
  std::string ranges = "0-";
  for (int i = 0; i < 1000; ++i) ranges += ",0-";
  EXPECT_THAT(
      Exchange("GET /a HTTP/1.1\r\nRange: bytes=" + ranges + "\r\n\r\n"),
      HasSubstr("GET /a ."));
}

TEST(HttpConnectionTest, SlowClientsAreCut) {
  HttpLimits limits;
  limits.head_time = milliseconds(50);
  limits.idle_time = milliseconds(50);
  limits.body_time = milliseconds(50);
  const auto start = SocketStream::Clock::now();
  EXPECT_EQ(Exchange("", limits, /*closes=*/false), "");
  EXPECT_THAT(Exchange("GET / HTTP/1.1\r\nHos", limits, /*closes=*/false),
              StartsWith("HTTP/1.1 408"));
  EXPECT_THAT(Exchange(Post("Content-Length: 30\r\n", "abc"), limits,
                       /*closes=*/false),
              StartsWith("HTTP/1.1 408"));
  EXPECT_LT(SocketStream::Clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace pellucid::server
