#include "server/access.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <cstddef>

#include "base/quote.h"

namespace pellucid::server {
namespace {

constexpr std::string_view kBearer = "Bearer ";

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// "name:8421" to name and port; without one, HTTP's own.
struct Authority {
  std::string host;
  std::string port;
};

Authority Split(std::string_view text) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos ||
      (bracket != std::string_view::npos && colon < bracket)) {
    return {Lower(text), "80"};
  }
  return {Lower(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

// "127.0.0.1" and nothing that only begins like it.
bool IsLoopbackV4(std::string_view host) {
  if (!host.starts_with("127.")) return false;
  int parts = 0, digits = 0;
  for (const char c : host) {
    if (c == '.') {
      if (digits == 0) return false;
      ++parts;
      digits = 0;
    } else if (c >= '0' && c <= '9' && digits < 3) {
      ++digits;
    } else {
      return false;
    }
  }
  return parts == 3 && digits > 0;
}

// An address is no name that another's server could give out.
bool IsAddress(std::string_view host) {
  if (host.starts_with('[')) return host.ends_with(']');
  return !host.empty() &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool IsOurs(const AccessRules& rules, std::string_view text) {
  const Authority authority = Split(text);
  if (authority.port != std::to_string(rules.port)) return false;
  const std::string& host = authority.host;
  if (host == "localhost" || host == "[::1]" || IsLoopbackV4(host)) return true;
  // Beyond loopback it is reached by any address of this machine.
  if (!rules.is_loopback && IsAddress(host)) return true;
  const std::string bound = Lower(rules.host);
  return host == bound || host == "[" + bound + "]";
}

std::optional<ApiError> CheckHost(const AccessRules& rules,
                                  const HttpRequest& request) {
  const auto host = request.Header("host");
  if (host && request.CountOf("host") == 1 && IsOurs(rules, *host)) return {};
  return ApiError{421, "forbidden",
                  fmt::format("serve: Host: \"{}\" is not this server; open "
                              "the address that it printed",
                              Quote(host.value_or("")))};
}

std::optional<ApiError> CheckOrigin(const AccessRules& rules,
                                    const HttpRequest& request, bool is_api) {
  const ApiError refusal{403, "forbidden",
                         "serve: Origin: pages of other sites may not use this "
                         "server; open its own page"};
  // Links of other sites may lead to the page.
  if (const auto site = request.Header("sec-fetch-site"); site && is_api) {
    // "none": typed into the address bar.
    if (*site != "same-origin" && *site != "none") return refusal;
  }
  const std::size_t count = request.CountOf("origin");
  if (count == 0) return {};
  std::string_view origin = *request.Header("origin");
  constexpr std::string_view kScheme = "http://";
  if (count > 1 || !origin.starts_with(kScheme)) return refusal;
  origin.remove_prefix(kScheme.size());
  // Names of loopback are one server, but not one origin to a browser.
  const Authority ours = Split(request.Header("host").value_or(""));
  const Authority theirs = Split(origin);
  if (!IsOurs(rules, origin) || ours.host != theirs.host) return refusal;
  return {};
}

std::optional<ApiError> CheckToken(const AccessRules& rules,
                                   const HttpRequest& request) {
  if (rules.token.empty()) return {};
  const auto given = request.Header("authorization");
  if (given && request.CountOf("authorization") == 1 &&
      given->starts_with(kBearer) &&
      SameToken(given->substr(kBearer.size()), rules.token)) {
    return {};
  }
  return ApiError{401,
                  "forbidden",
                  "serve: Authorization: this server wants the token that it "
                  "printed; send \"Authorization: Bearer TOKEN\"",
                  {{"WWW-Authenticate", "Bearer"}}};
}

}  // namespace

std::optional<ApiError> CheckAccess(const AccessRules& rules,
                                    const HttpRequest& request, bool is_api) {
  if (auto refusal = CheckHost(rules, request)) return refusal;
  if (auto refusal = CheckOrigin(rules, request, is_api)) return refusal;
  return is_api ? CheckToken(rules, request) : std::nullopt;
}

std::optional<std::string> RandomToken() {
  std::array<unsigned char, 16> bytes = {};
  if (::getrandom(bytes.data(), bytes.size(), 0) !=
      static_cast<ssize_t>(bytes.size())) {
    return std::nullopt;
  }
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

bool SameToken(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const char other = i < a.size() ? a[i] : '\0';
    difference |= static_cast<unsigned char>(other ^ b[i]);
  }
  return difference == 0;
}

}  // namespace pellucid::server
