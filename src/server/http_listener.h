// The socket that clients come to, and a thread for each that has come, up to a
// number: beyond it they are told at once that the server is busy, so that
// neither threads nor descriptors run out.
#ifndef PELLUCID_SERVER_HTTP_LISTENER_H_
#define PELLUCID_SERVER_HTTP_LISTENER_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "pellucid/result.h"
#include "server/http_connection.h"
#include "server/http_message.h"

namespace pellucid::server {

struct ListenOptions {
  std::string host = "127.0.0.1";  // a name or an address
  std::uint16_t port = 0;          // 0: any that is free
  std::size_t connections = 128;   // at once
  HttpLimits limits = {};
};

class HttpListener {
 public:
  // Binds and listens; clients wait until Serve. kUsage: no such host. kFailed:
  // the port is taken, or is not ours to take.
  static Result<HttpListener> Bind(const ListenOptions& options);

  HttpListener(HttpListener&& other) noexcept;
  HttpListener& operator=(HttpListener&&) = delete;
  ~HttpListener();

  std::uint16_t port() const { return port_; }
  // Only this machine reaches it.
  bool is_loopback() const { return is_loopback_; }

  // Answers until `stop`, then cuts every connection and returns. kFailed: the
  // socket has failed.
  Status Serve(HttpService& service, const std::stop_token& stop);

 private:
  struct Client {
    int fd = -1;
    bool done = false;
    std::thread thread = {};
  };

  explicit HttpListener(ListenOptions options) : options_(std::move(options)) {}
  Status Open();
  void Accept(HttpService& service);
  void Start(int fd, std::string client, HttpService& service);
  void Reap(bool all);

  ListenOptions options_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  bool is_loopback_ = false;
  std::uint64_t accepted_ = 0;

  std::mutex mutex_;  // of what follows
  std::list<Client> clients_;
};

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_HTTP_LISTENER_H_
