// `pellucid serve` as a value: bound to its port when it is made, answering
// until it is told to stop.
#ifndef PELLUCID_SERVER_SERVER_H_
#define PELLUCID_SERVER_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "pellucid/model.h"
#include "pellucid/result.h"
#include "server/engine.h"
#include "server/http_listener.h"

namespace pellucid::server {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any that is free
  // Needed by every request to the API. Nothing: none on loopback, a random one
  // beyond it.
  std::optional<std::string> token = {};
  std::size_t threads = 0;  // of models that requests name; 0: all cores
  std::vector<TrainedLensPtr> lenses = {};  // for the model that is served
  ServeLimits limits = {};
  HttpLimits http = {};
};

class Server {
 public:
  // Listens at once; clients wait until Run. kUsage, kFailed: see
  // HttpListener::Bind.
  static Result<Server> Make(Model model, double load_ms,
                             const ServerOptions& options);

  // Where the page is, with the token if one is needed.
  std::string url() const;
  std::uint16_t port() const { return listener_.port(); }
  const std::string& token() const { return token_; }

  // Answers until `stop`. Whatever runs then is stopped within milliseconds.
  Status Run(const std::stop_token& stop);

  // Requests that wait for their turn.
  std::size_t waiting() const { return engine_->queue.waiting(); }

 private:
  Server(HttpListener listener, std::string host, std::string token,
         std::unique_ptr<Engine> engine)
      : listener_(std::move(listener)),
        host_(std::move(host)),
        token_(std::move(token)),
        engine_(std::move(engine)) {}

  HttpListener listener_;
  std::string host_, token_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_SERVER_H_
