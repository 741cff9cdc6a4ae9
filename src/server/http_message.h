// A request and its answer, free of the library that reads and writes them:
// routes are functions from one to the other.
#ifndef PELLUCID_SERVER_HTTP_MESSAGE_H_
#define PELLUCID_SERVER_HTTP_MESSAGE_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pellucid::server {

using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // decoded, without the query
  HttpFields query;    // decoded
  HttpFields headers;  // names in lower case
  std::string body;    // empty while only the head is there
  std::string client;  // whom requests are shared out by
  // Whether the client has gone; cheap, for calls every few milliseconds.
  std::function<bool()> gone = [] { return false; };

  // The first header of this name (in lower case), or nothing.
  std::optional<std::string_view> Header(std::string_view name) const;
  std::size_t CountOf(std::string_view name) const;
};

// Takes the next part of a body. False: the client is gone.
using BodySink = std::function<bool(std::string_view part)>;

struct HttpAnswer {
  int status = 200;
  std::string type = "application/json";
  std::string body = {};
  HttpFields headers = {};
  // Instead of `body`, one that is written as it comes. False: it could not be
  // made whole, and the connection is cut so that the client sees that.
  std::function<bool(const BodySink& sink)> stream = {};
};

// Who answers. Called from many threads at once.
class HttpService {
 public:
  virtual ~HttpService() = default;

  // An answer that needs no body to be read, for what is refused; nothing: go
  // on. `request.body` is empty.
  virtual std::optional<HttpAnswer> Refuse(const HttpRequest& request) = 0;

  // Bytes that the body of this request may have.
  virtual std::size_t BodyLimit(const HttpRequest& request) const = 0;

  virtual HttpAnswer Answer(const HttpRequest& request) = 0;

  // For what HTTP itself refuses, such as a request that cannot be read.
  virtual HttpAnswer Problem(int status) const = 0;
};

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_HTTP_MESSAGE_H_
