#include "hub/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string_view>

#include "base/quote.h"

namespace pellucid::hub {
namespace {

constexpr std::size_t kMaxToken = 4096;  // bytes; tokens have some 40

// The first of `names` that is set and not empty, or "".
std::string Environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return "";
}

bool IsTrue(std::string value) {
  std::ranges::transform(value, value.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

// "~" in front and "$NAME" or "${NAME}" anywhere, as a shell would. A variable
// that is not set stays as it is written.
std::string Expand(const std::string& path) {
  std::string out;
  std::size_t i = 0;
  if (path == "~" || path.starts_with("~/")) {
    out = Environment({"HOME"});
    i = 1;
  }
  while (i < path.size()) {
    if (path[i] != '$') {
      out += path[i++];
      continue;
    }
    const bool braces = i + 1 < path.size() && path[i + 1] == '{';
    const std::size_t begin = i + (braces ? 2 : 1);
    std::size_t end = begin;
    const auto is_of_name = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
             (c >= 'A' && c <= 'Z') || c == '_';
    };
    while (end < path.size() && is_of_name(path[end])) ++end;
    const std::string name = path.substr(begin, end - begin);
    const bool closed = !braces || (end < path.size() && path[end] == '}');
    const char* value =
        closed && !name.empty() ? std::getenv(name.c_str()) : nullptr;
    const std::size_t next = end + (braces && closed ? 1 : 0);
    out += value != nullptr ? value : path.substr(i, next - i);
    i = next;
  }
  return out;
}

// Without the white space that editors and shells leave around it.
std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

std::string FirstBytesOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxToken + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(
      static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return text;
}

// A token goes into a header: one word of printable ASCII.
Result<std::string> ReadToken(const std::string& home) {
  if (IsTrue(Environment({"HF_HUB_DISABLE_IMPLICIT_TOKEN"}))) {
    return std::string();
  }
  std::string text = Environment({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"});
  std::string from = "the environment";
  if (Trimmed(text).empty()) {
    const std::string set = Environment({"HF_TOKEN_PATH"});
    const std::string path = set.empty() ? home + "/token" : Expand(set);
    text = FirstBytesOf(path);
    from = path;
  }
  const std::string token(Trimmed(text));
  const bool is_word =
      std::ranges::all_of(token, [](char c) { return c > ' ' && c < '\x7f'; });
  if (!is_word || token.size() > kMaxToken) {
    return UsageError(
        fmt::format("open: hub token: what {} holds is no token; "
                    "set HF_TOKEN to one",
                    Quote(from)));
  }
  return token;
}

Result<std::chrono::seconds> Seconds(const char* name) {
  constexpr std::chrono::seconds kDefault{10};
  const std::string text = Environment({name});
  if (text.empty()) return kDefault;
  unsigned seconds = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() ||
      seconds > 86400) {
    return UsageError(
        fmt::format("open: {}: {} is no number of seconds, 1 to "
                    "86400; set it to one, or not at all",
                    name, Quote(text)));
  }
  return seconds == 0 ? kDefault : std::chrono::seconds(seconds);
}

Result<std::string> Endpoint() {
  std::string endpoint = Environment({"HF_ENDPOINT"});
  if (endpoint.empty()) endpoint = "https://huggingface.co";
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const bool is_url =
      endpoint.starts_with("https://") || endpoint.starts_with("http://");
  const bool is_plain = std::ranges::all_of(
      endpoint, [](char c) { return c > ' ' && c < '\x7f'; });
  if (is_url && is_plain) return endpoint;
  return UsageError(
      fmt::format("open: HF_ENDPOINT: {} is no address of a hub; "
                  "give one such as https://huggingface.co",
                  Quote(endpoint)));
}

}  // namespace

Result<Settings> SettingsFromEnvironment() {
  Settings settings;
  PELLUCID_ASSIGN_OR_RETURN(settings.endpoint, Endpoint());
  std::string home = Environment({"HF_HOME"});
  if (home.empty()) {
    const std::string caches = Environment({"XDG_CACHE_HOME"});
    home = (caches.empty() ? "~/.cache" : caches) + "/huggingface";
  }
  home = Expand(home);
  settings.cache = Environment({"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"});
  settings.cache =
      settings.cache.empty() ? home + "/hub" : Expand(settings.cache);
  settings.offline =
      IsTrue(Environment({"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}));
  settings.symlinks = !IsTrue(Environment({"HF_HUB_DISABLE_SYMLINKS"}));
  settings.ca_file =
      Environment({"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"});
  settings.ca_folder = Environment({"SSL_CERT_DIR"});
  PELLUCID_ASSIGN_OR_RETURN(settings.head_timeout,
                            Seconds("HF_HUB_ETAG_TIMEOUT"));
  PELLUCID_ASSIGN_OR_RETURN(settings.download_timeout,
                            Seconds("HF_HUB_DOWNLOAD_TIMEOUT"));
  if (!settings.offline) {
    PELLUCID_ASSIGN_OR_RETURN(settings.token, ReadToken(home));
  }
  return settings;
}

}  // namespace pellucid::hub
