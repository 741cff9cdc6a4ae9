#include "server/server.h"

#include <fmt/format.h>

#include <utility>

#include "server/access.h"
#include "server/api.h"

namespace pellucid::server {

Result<Server> Server::Make(Model model, double load_ms,
                            const ServerOptions& options) {
  ListenOptions listen;
  listen.host = options.host;
  listen.port = options.port;
  listen.limits = options.http;
  PELLUCID_ASSIGN_OR_RETURN(HttpListener listener, HttpListener::Bind(listen));
  std::string token = options.token.value_or("");
  if (token.empty() && !listener.is_loopback()) {
    auto random = RandomToken();
    if (!random) {
      return FailedError(
          "serve: --token: the system gives no random numbers; give a token");
    }
    token = *std::move(random);
  }
  auto engine =
      std::make_unique<Engine>(std::move(model), load_ms, options.threads,
                               options.lenses, options.limits);
  return Server(std::move(listener), options.host, std::move(token),
                std::move(engine));
}

std::string Server::url() const {
  const bool is_v6 = host_.find(':') != std::string::npos;
  std::string out = is_v6 ? fmt::format("http://[{}]:{}/", host_, port())
                          : fmt::format("http://{}:{}/", host_, port());
  if (!token_.empty()) out += "#token=" + token_;
  return out;
}

Status Server::Run(const std::stop_token& stop) {
  Api api({host_, port(), listener_.is_loopback(), token_}, *engine_);
  return listener_.Serve(api, stop);
}

}  // namespace pellucid::server
