// One client: reads its requests, one after another, and writes the answers.
//
// HTTP is read and written by cpp-httplib, whose own loop over sockets is not
// used: it bounds neither the head of a request nor the time that one takes,
// waits with select(), and unpacks bodies of any size. What it reads here comes
// from a stream that bounds both (socket_stream.h).
#ifndef PELLUCID_SERVER_HTTP_CONNECTION_H_
#define PELLUCID_SERVER_HTTP_CONNECTION_H_

#include <chrono>
#include <cstddef>
#include <string>

#include "server/http_message.h"

namespace pellucid::server {

struct HttpLimits {
  std::size_t head_bytes = std::size_t{16} << 10;  // request line and headers
  std::chrono::milliseconds head_time{10'000};     // from its first byte
  std::chrono::milliseconds body_time{30'000};
  std::chrono::milliseconds idle_time{15'000};  // between two requests
  std::size_t requests = 1000;                  // of one connection
};

// Returns when the connection is to be closed, which the caller does. Another
// thread ends it by ::shutdown of `fd`. `client` is HttpRequest::client.
void ServeConnection(int fd, const std::string& client,
                     const HttpLimits& limits, HttpService& service);

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_HTTP_CONNECTION_H_
