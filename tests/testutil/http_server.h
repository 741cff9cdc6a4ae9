// An HTTP server on the loopback interface that answers as a test says, faults
// of networks included: it can stop in the middle of a body, or say nothing for
// a while. HTTP/1.1, a thread a connection.
#ifndef PELLUCID_TESTS_TESTUTIL_HTTP_SERVER_H_
#define PELLUCID_TESTS_TESTUTIL_HTTP_SERVER_H_

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace pellucid::testutil {

struct ServerRequest {
  std::string method;                          // "GET", "HEAD"
  std::string target;                          // "/path?query"
  std::map<std::string, std::string> headers;  // names in lower case

  std::string Header(const std::string& name) const;  // "": none
};

struct ServerAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  // Bytes of the body after which the connection is cut.
  std::optional<std::size_t> cut_after = {};
  // Bytes of the body after which nothing more comes, with the connection open
  // until the other side closes it or the server goes.
  std::optional<std::size_t> stall_after = {};
};

class HttpServer {
 public:
  // Called from the threads of connections, one at a time.
  using Handler = std::function<ServerAnswer(const ServerRequest& request)>;

  explicit HttpServer(Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // "http://HOST:PORT"; 127.0.0.1 and localhost both lead here.
  std::string url(const std::string& host = "127.0.0.1") const;
  // What has been asked so far.
  std::vector<ServerRequest> requests() const;
  std::size_t CountOf(const std::string& method,
                      const std::string& target_part) const;

 private:
  void Accept();
  void Serve(int fd);
  bool Answer(int fd, const ServerRequest& request);

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;  // of the handler and what follows
  std::vector<ServerRequest> requests_;
  std::vector<int> open_;  // descriptors of connections
  std::vector<std::thread> connections_;
  bool closing_ = false;
  std::thread acceptor_;
};

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_HTTP_SERVER_H_
