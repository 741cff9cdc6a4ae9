#include "server/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>
#include <string>

#include "base/quote.h"
#include "server/api_error.h"
#include "server/page.h"

namespace pellucid::embedded {
// src/server/openapi.json (cmake/PellucidEmbed.cmake).
extern const unsigned char kOpenApi[];
extern const std::size_t kOpenApiSize;
}  // namespace pellucid::embedded

namespace pellucid::server {
namespace {

constexpr std::string_view kPagePath = "/";

HttpAnswer AnswerOpenApi(const HttpRequest&, Engine&) {
  HttpAnswer answer;
  answer.body.assign(reinterpret_cast<const char*>(embedded::kOpenApi),
                     embedded::kOpenApiSize);
  return answer;
}

HttpAnswer AnswerPage(const HttpRequest&, Engine&) {
  HttpAnswer answer;
  answer.type = "text/html; charset=utf-8";
  answer.body = PageHtml();
  return answer;
}

constexpr std::array kRoutes = {
    Route{kPagePath, "GET", AnswerPage},
    Route{"/api/v1/info", "GET", AnswerInfo},
    Route{"/api/v1/models", "GET", AnswerModels},
    Route{"/api/v1/openapi.json", "GET", AnswerOpenApi},
    Route{"/api/v1/lens", "POST", AnswerLens},
    Route{"/api/v1/trace", "POST", AnswerTrace},
    Route{"/api/v1/tokenize", "POST", AnswerTokenize},
    Route{"/api/v1/generate", "POST", AnswerGenerate},
};

const Route* FindRoute(const HttpRequest& request) {
  const auto found = std::ranges::find(kRoutes, request.path, &Route::path);
  return found == kRoutes.end() ? nullptr : &*found;
}

bool Takes(const Route& route, std::string_view method) {
  return method == route.method || (route.method == "GET" && method == "HEAD");
}

// "application/json", with or without parameters.
bool IsJson(std::string_view type) {
  std::string name(type.substr(0, type.find(';')));
  while (name.ends_with(' ')) name.pop_back();
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name == "application/json";
}

// Browsers run, show and frame nothing of an answer but the page, whose own
// policy stands in it.
HttpAnswer WithPolicy(HttpAnswer answer, bool is_page) {
  answer.headers.emplace_back(
      "Content-Security-Policy",
      is_page ? "frame-ancestors 'none'"
              : "default-src 'none'; frame-ancestors 'none'");
  return answer;
}

std::string_view WhatIsWrong(int status) {
  switch (status) {
    case 405:
      return "there is no such method; take GET or POST";
    case 408:
      return "the request did not come in time; send it whole";
    case 411:
      return "the length of the body is missing; send Content-Length";
    case 413:
      return "the body is too large; send a shorter one";
    case 414:
      return "the address is too long; shorten it";
    case 415:
      return "the body is packed; send it as it is";
    case 416:
      return "parts of an answer cannot be had; ask for all of it";
    case 500:
      return "the request failed; please report it";
    default:
      return "the request is no valid HTTP; mend it";
  }
}

}  // namespace

std::span<const Route> Routes() { return kRoutes; }

std::optional<HttpAnswer> Api::Refuse(const HttpRequest& request) {
  const auto refuse = [](const ApiError& error) {
    return WithPolicy(AnswerOf(error), /*is_page=*/false);
  };
  const bool is_api = request.path != kPagePath;
  if (const auto error = CheckAccess(rules_, request, is_api)) {
    return refuse(*error);
  }
  const Route* route = FindRoute(request);
  if (route == nullptr) {
    return refuse({404, "not_found",
                   fmt::format("serve: \"{}\": there is no such route; GET "
                               "/api/v1/openapi.json lists them",
                               Quote(request.path))});
  }
  if (!Takes(*route, request.method)) {
    const std::string allowed =
        route->method == "GET" ? "GET, HEAD" : std::string(route->method);
    return refuse({405,
                   "usage",
                   fmt::format("serve: {}: takes {}, not {}", route->path,
                               allowed, Quote(request.method)),
                   {{"Allow", allowed}}});
  }
  if (route->method == "POST" &&
      !IsJson(request.Header("content-type").value_or(""))) {
    return refuse({415, "usage",
                   "serve: Content-Type: is not application/json; send JSON"});
  }
  return std::nullopt;
}

std::size_t Api::BodyLimit(const HttpRequest&) const {
  return engine_.limits.body_bytes;
}

HttpAnswer Api::Answer(const HttpRequest& request) {
  const Route* route = FindRoute(request);
  if (route == nullptr) return Problem(404);
  try {
    return WithPolicy(route->answer(request, engine_),
                      route->path == kPagePath);
  } catch (const std::bad_alloc&) {
    return AnswerOf(ErrorOf(FailedError(
        "serve: memory: there is not enough; ask for less at once")));
  }
}

HttpAnswer Api::Problem(int status) const {
  const char* code = status == 413   ? "too_large"
                     : status == 408 ? "timeout"
                     : status == 404 ? "not_found"
                     : status >= 500 ? "failed"
                                     : "usage";
  ApiError error{status, code,
                 fmt::format("serve: request: {}", WhatIsWrong(status))};
  if (status == 405) error.headers.emplace_back("Allow", "GET, HEAD, POST");
  return WithPolicy(AnswerOf(error), /*is_page=*/false);
}

}  // namespace pellucid::server
