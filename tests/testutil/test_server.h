// A server on a free port of loopback, on a model of a few letters, for as long
// as a test stands; and clients to ask it. Header only: for tests.
#ifndef PELLUCID_TESTS_TESTUTIL_TEST_SERVER_H_
#define PELLUCID_TESTS_TESTUTIL_TEST_SERVER_H_

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <poll.h>
#include <simdjson.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "server/server.h"
#include "testutil/temp_dir.h"
#include "testutil/text_model.h"

namespace pellucid::server {

class TestServer {
 public:
  explicit TestServer(ServerOptions options = {},
                      const std::string& chat_template = {})
      : TestServer(
            [&](const testutil::TempDir& dir) {
              return testutil::WriteTextModel(dir, false, chat_template);
            },
            std::move(options)) {}
  // Of the model that `write` puts into the folder, by its path.
  template <typename Write>
  TestServer(const Write& write, ServerOptions options) {
    const std::string path = write(dir_);
    auto model = Model::Open(path, {.threads = 2});
    EXPECT_TRUE(model.ok()) << model.error().message;
    auto server = Server::Make(*model, 1.5, options);
    EXPECT_TRUE(server.ok()) << server.error().message;
    server_ = std::make_unique<Server>(*std::move(server));
    thread_ = std::jthread([this](const std::stop_token& stop) {
      const Status status = server_->Run(stop);
      EXPECT_TRUE(status.ok());
    });
  }

  Server& server() { return *server_; }
  int port() const { return server_->port(); }
  const testutil::TempDir& dir() const { return dir_; }
  void Stop() {
    thread_.request_stop();
    thread_.join();
  }

  httplib::Client Client() const {
    httplib::Client client("127.0.0.1", port());
    client.set_read_timeout(60, 0);
    return client;
  }
  httplib::Result Post(const std::string& route, const std::string& body) {
    return Client().Post("/api/v1/" + route, body, "application/json");
  }
  httplib::Result Get(const std::string& path) { return Client().Get(path); }

 private:
  testutil::TempDir dir_;
  std::unique_ptr<Server> server_;
  std::jthread thread_;
};

// A socket, for what no well-behaved client sends.
class RawClient {
 public:
  explicit RawClient(int port) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(
        ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
        0);
  }
  ~RawClient() { Close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool Send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent =
          ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // All until the server closes, `enough` bytes are there, or time is up.
  std::string Read(std::size_t enough = std::size_t{1} << 30,
                   int milliseconds = 10'000) const {
    std::string out;
    std::array<char, 4096> chunk;
    pollfd wait = {fd_, POLLIN, 0};
    while (out.size() < enough && ::poll(&wait, 1, milliseconds) > 0) {
      const ssize_t got = ::recv(fd_, chunk.data(), chunk.size(), 0);
      if (got <= 0) break;
      out.append(chunk.data(), static_cast<std::size_t>(got));
    }
    return out;
  }
  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

// A request with a body and the headers that the server wants of it.
inline std::string RawPost(int port, const std::string& route,
                           const std::string& body) {
  return "POST /api/v1/" + route +
         " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
         "\r\nContent-Type: application/json\r\n" +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// A JSON text, for as long as it stands.
class TestJson {
 public:
  explicit TestJson(std::string_view text) {
    const auto problem = parser_.parse(text.data(), text.size()).get(root_);
    EXPECT_EQ(problem, simdjson::SUCCESS) << text;
  }
  simdjson::dom::element At(std::string_view pointer) const {
    simdjson::dom::element value;
    EXPECT_EQ(root_.at_pointer(pointer).get(value), simdjson::SUCCESS)
        << pointer;
    return value;
  }
  template <typename T>
  T Get(std::string_view pointer) const {
    T value{};
    EXPECT_EQ(At(pointer).get(value), simdjson::SUCCESS) << pointer;
    return value;
  }
  bool Has(std::string_view pointer) const {
    return root_.at_pointer(pointer).error() == simdjson::SUCCESS;
  }
  std::string Text(std::string_view pointer) const {
    return std::string(Get<std::string_view>(pointer));
  }
  std::size_t Size(std::string_view pointer) const {
    return Get<simdjson::dom::array>(pointer).size();
  }
  int Int(std::string_view pointer) const {
    return static_cast<int>(Get<std::int64_t>(pointer));
  }
  float Float(std::string_view pointer) const {
    return static_cast<float>(Get<double>(pointer));
  }
  std::vector<std::string> Keys(std::string_view pointer) const {
    std::vector<std::string> keys;
    const auto object = Get<simdjson::dom::object>(pointer);
    for (const auto pair : object) keys.emplace_back(pair.key);
    return keys;
  }

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

// The "code" of an answer that is an error.
inline std::string CodeOf(const httplib::Result& result) {
  if (!result) return "no answer";
  return TestJson(result->body).Text("/error/code");
}

inline std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace pellucid::server

#endif  // PELLUCID_TESTS_TESTUTIL_TEST_SERVER_H_
