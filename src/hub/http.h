// One HTTP request, watched by a stop token: a thin layer over libcurl.
//
// It follows no redirect (who may see the token is decided above) and retries
// nothing. An answer of any status is an answer; what else can happen is told
// apart, since some of it is worth another try.
#ifndef PELLUCID_HUB_HTTP_H_
#define PELLUCID_HUB_HTTP_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "hub/settings.h"

namespace pellucid::hub {

struct HttpResponse {
  enum class Outcome {
    kAnswered,     // status and headers are there, and the whole body
    kUnreachable,  // no connection: name, route, nobody there
    kBroken,       // the connection broke or fell silent
    kRefused,      // by us: on_body wants no more, or a certificate or an
                   // address cannot be trusted
    kStopped,      // by the stop token
  };
  Outcome outcome = Outcome::kUnreachable;
  int status = 0;       // 200, 404; 0: no answer
  std::string problem;  // what libcurl says, where not answered
  std::map<std::string, std::string> headers;       // names in lower case
  std::optional<std::chrono::seconds> retry_after;  // the server's wish

  // "" where there is no such header; `name` in lower case.
  std::string_view Header(const std::string& name) const;
  bool IsRedirect() const;
};

struct HttpRequest {
  std::string url;
  bool head = false;                 // no body is asked for
  std::string token = {};            // sent as Authorization: Bearer
  std::uint64_t begin = 0;           // bytes left out of the body, if not 0
  std::chrono::seconds timeout{10};  // to connect, and without a byte
  // The next bytes of the body, with status and headers. False ends the
  // request.
  std::function<bool(const HttpResponse& response,
                     std::span<const std::byte> bytes)>
      on_body = {};
};

// Keeps connections open between requests. For one thread.
class HttpClient {
 public:
  explicit HttpClient(const Settings& settings);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  HttpResponse Send(const HttpRequest& request, const std::stop_token& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_HTTP_H_
