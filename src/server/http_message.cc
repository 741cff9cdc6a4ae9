#include "server/http_message.h"

#include <algorithm>

namespace pellucid::server {

std::optional<std::string_view> HttpRequest::Header(
    std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::size_t HttpRequest::CountOf(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      headers, [&](const auto& header) { return header.first == name; }));
}

}  // namespace pellucid::server
