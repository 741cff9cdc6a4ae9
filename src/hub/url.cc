#include "hub/url.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>

namespace pellucid::hub {
namespace {

using Parts = std::unique_ptr<CURLU, void (*)(CURLU*)>;

// All but the unreserved characters of RFC 3986, and `keep`, as %XX.
std::string Encode(std::string_view text, std::string_view keep) {
  std::string out;
  for (const char c : text) {
    const bool unreserved =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
        (c >= 'A' && c <= 'Z') ||
        std::string_view("-._~").find(c) != std::string_view::npos;
    if (unreserved || keep.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

// Empty where it is not set.
std::string Part(const Parts& parts, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (::curl_url_get(parts.get(), part, &text, flags) != CURLUE_OK) return "";
  const std::unique_ptr<char, void (*)(void*)> owned(text, ::curl_free);
  return text;
}

// Null where it is no address.
Parts Parse(const std::string& url) {
  Parts parts(::curl_url(), ::curl_url_cleanup);
  if (parts &&
      ::curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    parts.reset();
  }
  return parts;
}

bool IsHttp(const Parts& parts) {
  const std::string scheme = Part(parts, CURLUPART_SCHEME);
  return scheme == "http" || scheme == "https";
}

}  // namespace

std::string ListingUrl(const std::string& endpoint, const HubName& name) {
  return fmt::format("{}/api/models/{}/revision/{}", endpoint,
                     Encode(name.repo, "/"), Encode(name.revision, ""));
}

std::string FileUrl(const std::string& endpoint, const std::string& repo,
                    std::string_view commit, std::string_view file) {
  return fmt::format("{}/{}/resolve/{}/{}", endpoint, Encode(repo, "/"),
                     Encode(commit, ""), Encode(file, "/"));
}

std::optional<std::string> OriginOf(const std::string& url) {
  const Parts parts = Parse(url);
  if (!parts || !IsHttp(parts)) return std::nullopt;
  std::string host = Part(parts, CURLUPART_HOST);
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return fmt::format("{}://{}:{}", Part(parts, CURLUPART_SCHEME), host,
                     Part(parts, CURLUPART_PORT, CURLU_DEFAULT_PORT));
}

std::optional<std::string> JoinUrl(const std::string& url,
                                   const std::string& location) {
  const Parts parts = Parse(url);
  if (!parts || ::curl_url_set(parts.get(), CURLUPART_URL, location.c_str(),
                               0) != CURLUE_OK) {
    return std::nullopt;
  }
  if (!IsHttp(parts)) return std::nullopt;
  return Part(parts, CURLUPART_URL);
}

}  // namespace pellucid::hub
