#include "testutil/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace pellucid::testutil {
namespace {

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// The head of the next request, its empty line included; what came behind it
// stays in `held`. Empty: the other side has closed.
std::string ReadHead(int fd, std::string* held) {
  while (true) {
    const std::size_t end = held->find("\r\n\r\n");
    if (end != std::string::npos) {
      std::string head = held->substr(0, end + 4);
      held->erase(0, end + 4);
      return head;
    }
    std::array<char, 4096> chunk;
    const ssize_t got = ::recv(fd, chunk.data(), chunk.size(), 0);
    if (got <= 0) return "";
    held->append(chunk.data(), static_cast<std::size_t>(got));
  }
}

ServerRequest Parse(std::string_view head) {
  ServerRequest request;
  const std::string_view first = head.substr(0, head.find("\r\n"));
  const std::size_t space = first.find(' ');
  request.method = first.substr(0, space);
  request.target = first.substr(space + 1, first.rfind(' ') - space - 1);
  head.remove_prefix(first.size() + 2);
  while (!head.starts_with("\r\n")) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const std::size_t colon = line.find(':');
    std::string name(line.substr(0, colon));
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    request.headers[name] = value;
    head.remove_prefix(line.size() + 2);
  }
  return request;
}

}  // namespace

std::string ServerRequest::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(listener_, any, size), 0);
  EXPECT_EQ(::listen(listener_, 64), 0);
  EXPECT_EQ(::getsockname(listener_, any, &size), 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

HttpServer::~HttpServer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& connection : connections_) connection.join();
  ::close(listener_);
}

std::string HttpServer::url(const std::string& host) const {
  return "http://" + host + ":" + std::to_string(port_);
}

std::vector<ServerRequest> HttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t HttpServer::CountOf(const std::string& method,
                                const std::string& target_part) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(requests_, [&](const ServerRequest& request) {
        return request.method == method &&
               request.target.find(target_part) != std::string::npos;
      }));
}

void HttpServer::Accept() {
  while (true) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (closing_ || fd < 0) {
      if (fd >= 0) ::close(fd);
      return;
    }
    open_.push_back(fd);
    connections_.emplace_back([this, fd] { Serve(fd); });
  }
}

void HttpServer::Serve(int fd) {
  std::string held;
  while (true) {
    const std::string head = ReadHead(fd, &held);
    if (head.empty() || !Answer(fd, Parse(head))) break;
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

// False: the connection ends.
bool HttpServer::Answer(int fd, const ServerRequest& request) {
  ServerAnswer answer;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    answer = handler_(request);
  }
  std::string head =
      "HTTP/1.1 " + std::to_string(answer.status) + " Status\r\n";
  bool has_length = false;
  for (const auto& [name, value] : answer.headers) {
    head += name + ": " + value + "\r\n";
    has_length = has_length || name == "Content-Length";
  }
  if (!has_length) {
    head += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
  }
  if (!SendAll(fd, head + "\r\n")) return false;
  if (request.method == "HEAD") return true;
  const std::string_view body = answer.body;
  if (answer.cut_after) {
    SendAll(fd, body.substr(0, *answer.cut_after));
    return false;
  }
  if (answer.stall_after) {
    SendAll(fd, body.substr(0, *answer.stall_after));
    char none = 0;
    [[maybe_unused]] const ssize_t closed = ::recv(fd, &none, 1, 0);
    return false;
  }
  return SendAll(fd, body);
}

}  // namespace pellucid::testutil
