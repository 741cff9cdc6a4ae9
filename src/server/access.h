// Who may ask. A server on loopback is reached by every page that a browser on
// this machine shows, so that it must tell its own page from the others:
//
// - By Host: a page of another site that has its name point here (DNS
//   rebinding) sends that name. Only names of loopback, and the one that the
//   server was bound to, are answered.
// - By Origin, which browsers send with whatever a script asks for: only ours.
// - Bodies are application/json, which no form sends, and which a script of
//   another origin may send only after asking (OPTIONS), which is refused.
// - Beyond loopback, by a token that the program printed.
#ifndef PELLUCID_SERVER_ACCESS_H_
#define PELLUCID_SERVER_ACCESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/api_error.h"
#include "server/http_message.h"

namespace pellucid::server {

struct AccessRules {
  std::string host;  // that the server was told to bind to
  std::uint16_t port = 0;
  bool is_loopback = true;
  std::string token = {};  // empty: none is needed
};

// Nothing: the request may go on. `is_api`: it asks for more than the page,
// which holds no secret.
std::optional<ApiError> CheckAccess(const AccessRules& rules,
                                    const HttpRequest& request, bool is_api);

// 128 random bits as hexadecimal digits; nothing: the system has none.
std::optional<std::string> RandomToken();

// Takes as long whichever byte differs.
bool SameToken(std::string_view a, std::string_view b);

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_ACCESS_H_
