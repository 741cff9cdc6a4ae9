#include "server/http_listener.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include "base/quote.h"

namespace pellucid::server {
namespace {

// Clients that may wait to be accepted: as many as may come in a burst.
constexpr int kBacklog = 256;

// So often threads that have ended are joined where nobody comes.
constexpr int kReapMilliseconds = 2000;

constexpr std::string_view kBusy =
    "{\"error\":{\"code\":\"busy\",\"message\":\"serve: connections: too many "
    "at once; try again soon\"}}\n";

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> Resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int problem =
      ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (problem == 0) return Addresses(list);
  return UsageError(
      fmt::format("serve: --host: \"{}\" is no address or name of this machine "
                  "({}); give one, such as 127.0.0.1",
                  Quote(host), ::gai_strerror(problem)));
}

bool IsLoopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof(v4));
    return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof(v6));
  return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

std::uint16_t PortOf(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof(v4));
    return ntohs(v4.sin_port);
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof(v6));
  return ntohs(v6.sin6_port);
}

std::string AddressText(const sockaddr_storage& address, socklen_t size) {
  std::array<char, NI_MAXHOST> text = {};
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size,
                    text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0) {
    return "";
  }
  return text.data();
}

}  // namespace

HttpListener::HttpListener(HttpListener&& other) noexcept
    : options_(std::move(other.options_)),
      fd_(std::exchange(other.fd_, -1)),
      port_(other.port_),
      is_loopback_(other.is_loopback_) {}

HttpListener::~HttpListener() {
  if (fd_ >= 0) ::close(fd_);
}

Result<HttpListener> HttpListener::Bind(const ListenOptions& options) {
  HttpListener listener(options);
  PELLUCID_RETURN_IF_ERROR(listener.Open());
  return listener;
}

Status HttpListener::Open() {
  PELLUCID_ASSIGN_OR_RETURN(const Addresses addresses,
                            Resolve(options_.host, options_.port));
  int problem = 0;
  for (const addrinfo* one = addresses.get(); one != nullptr;
       one = one->ai_next) {
    const int fd = ::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    if (fd >= 0 &&
        ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        ::bind(fd, one->ai_addr, one->ai_addrlen) == 0 &&
        ::listen(fd, kBacklog) == 0) {
      fd_ = fd;
      break;
    }
    problem = errno;
    if (fd >= 0) ::close(fd);
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  if (fd_ < 0 ||
      ::getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return FailedError(fmt::format(
        "serve: --port: {} of {} cannot be listened at ({}); give another "
        "port, or 0 for any that is free",
        options_.port, Quote(options_.host),
        std::system_category().message(problem)));
  }
  port_ = PortOf(bound);
  is_loopback_ = IsLoopback(bound);
  return {};
}

Status HttpListener::Serve(HttpService& service, const std::stop_token& stop) {
  const int stopped = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (stopped < 0) {
    return FailedError(
        "serve: descriptors: there are none left; close other programs");
  }
  Status status;
  {
    const std::stop_callback wake(stop, [&] {
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t done = ::write(stopped, &one, sizeof(one));
    });
    while (!stop.stop_requested()) {
      std::array<pollfd, 2> wait = {{{fd_, POLLIN, 0}, {stopped, POLLIN, 0}}};
      const int ready = ::poll(wait.data(), wait.size(), kReapMilliseconds);
      Reap(/*all=*/false);
      if (ready <= 0 || wait[0].revents == 0) continue;
      if ((wait[0].revents & (POLLERR | POLLNVAL)) != 0) {
        status = FailedError("serve: socket: it has failed; start anew");
        break;
      }
      Accept(service);
    }
  }
  ::close(stopped);
  {
    const std::lock_guard lock(mutex_);
    for (const Client& client : clients_) {
      if (!client.done) ::shutdown(client.fd, SHUT_RDWR);
    }
  }
  Reap(/*all=*/true);
  return status;
}

void HttpListener::Accept(HttpService& service) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  const int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&address), &size,
                           SOCK_CLOEXEC);
  if (fd < 0) {
    // Descriptors that others hold; a thread that ends frees one.
    if (errno == EMFILE || errno == ENFILE) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return;
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ++accepted_;
  // On one machine all have one address; there each connection is a client.
  std::string client = IsLoopback(address) ? fmt::format("#{}", accepted_)
                                           : AddressText(address, size);
  Start(fd, std::move(client), service);
}

void HttpListener::Start(int fd, std::string client, HttpService& service) {
  const std::lock_guard lock(mutex_);
  bool started = false;
  if (clients_.size() < options_.connections) {
    Client& one = clients_.emplace_back();
    one.fd = fd;
    try {
      one.thread =
          std::thread([this, fd, client = std::move(client), &service, &one] {
            ServeConnection(fd, client, options_.limits, service);
            const std::lock_guard done(mutex_);
            one.done = true;
            ::close(fd);
          });
      started = true;
    } catch (const std::system_error&) {
      clients_.pop_back();
    }
  }
  if (started) return;
  const std::string busy = fmt::format(
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
      "Retry-After: 1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}",
      kBusy.size(), kBusy);
  [[maybe_unused]] const ssize_t sent =
      ::send(fd, busy.data(), busy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::close(fd);
}

// Joins threads that are done, or all.
void HttpListener::Reap(bool all) {
  std::list<Client> ended;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = clients_.begin(); it != clients_.end();) {
      const auto next = std::next(it);
      if (all || it->done) ended.splice(ended.end(), clients_, it);
      it = next;
    }
  }
  for (Client& client : ended) client.thread.join();
}

}  // namespace pellucid::server
