// The routes of the server: which there are, who may ask, and what is said to
// what is none of them. docs/server.md and openapi.json describe them.
#ifndef PELLUCID_SERVER_API_H_
#define PELLUCID_SERVER_API_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "server/access.h"
#include "server/engine.h"
#include "server/http_message.h"

namespace pellucid::server {

struct Route {
  std::string_view path;
  std::string_view method;  // GET stands for HEAD too
  HttpAnswer (*answer)(const HttpRequest& request, Engine& engine);
};

std::span<const Route> Routes();

class Api : public HttpService {
 public:
  // Both outlive it.
  Api(AccessRules rules, Engine& engine)
      : rules_(std::move(rules)), engine_(engine) {}

  std::optional<HttpAnswer> Refuse(const HttpRequest& request) override;
  std::size_t BodyLimit(const HttpRequest& request) const override;
  HttpAnswer Answer(const HttpRequest& request) override;
  HttpAnswer Problem(int status) const override;

 private:
  const AccessRules rules_;
  Engine& engine_;
};

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_API_H_
