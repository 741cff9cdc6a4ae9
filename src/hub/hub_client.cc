#include "hub/hub_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <utility>

#include "base/quote.h"
#include "hub/hub_error.h"
#include "hub/repo_cache.h"
#include "hub/url.h"

namespace pellucid::hub {
namespace {

using Outcome = HttpResponse::Outcome;

constexpr int kMaxRedirects = 10;

// Who has no network, or meant a folder, is not to wait long to hear it.
constexpr int kTriesToConnect = 2;
constexpr std::chrono::seconds kLongestWait{60};
constexpr std::chrono::milliseconds kLongestDelay{8000};

// Of a body that nobody reads: that of an error or a redirect.
constexpr std::size_t kMaxIgnoredBytes = std::size_t{1} << 20;

// False: stopped.
bool Sleep(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wakes;
  std::unique_lock lock(mutex);
  wakes.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

// The hash in `W/"HASH"`.
std::string_view Unquoted(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  while (etag.starts_with('"')) etag.remove_prefix(1);
  while (etag.ends_with('"')) etag.remove_suffix(1);
  return etag;
}

std::optional<std::uint64_t> Number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

bool LeavesEncryption(const std::string& from, const std::string& to) {
  return from.starts_with("https://") && !to.starts_with("https://");
}

// A redirect that is not followed, as a connection that cannot be made.
void Refuse(HttpResponse* response, std::string why) {
  response->outcome = Outcome::kRefused;
  response->problem = std::move(why);
}

}  // namespace

HubClient::HubClient(Settings settings, HubName name, const HubOptions& options)
    : settings_(std::move(settings)),
      name_(std::move(name)),
      options_(options),
      http_(settings_) {}

HttpResponse HubClient::Follow(HttpRequest request) {
  const auto home = OriginOf(settings_.endpoint);
  std::size_t ignored = 0;
  if (request.on_body) {
    request.on_body = [&ignored, inner = std::move(request.on_body)](
                          const HttpResponse& response,
                          std::span<const std::byte> bytes) {
      if (response.status == 200 || response.status == 206) {
        return inner(response, bytes);
      }
      ignored += bytes.size();
      return ignored <= kMaxIgnoredBytes;
    };
  }
  for (int hop = 0;; ++hop) {
    const auto origin = OriginOf(request.url);
    request.token = origin && origin == home ? settings_.token : "";
    HttpResponse response = http_.Send(request, options_.stop);
    if (response.outcome != Outcome::kAnswered || !response.IsRedirect()) {
      return response;
    }
    const auto next =
        JoinUrl(request.url, std::string(response.Header("location")));
    if (!next || LeavesEncryption(request.url, *next)) {
      Refuse(&response, "it redirects to what is no address of https");
      return response;
    }
    if (request.head && OriginOf(*next) != origin) return response;
    if (hop == kMaxRedirects) {
      Refuse(&response, fmt::format("more than {} redirects", kMaxRedirects));
      return response;
    }
    request.url = *next;
  }
}

bool HubClient::WaitToRetry(const HttpResponse& response, int tried,
                            const std::string& file) {
  std::chrono::milliseconds delay = settings_.retry_delay;
  for (int i = 1; i < tried && delay < kLongestDelay; ++i) delay *= 2;
  delay = std::min(delay, kLongestDelay);
  if (response.retry_after) {
    if (*response.retry_after > kLongestWait) return false;
    delay = *response.retry_after;
  }
  if (options_.warn) {
    options_.warn(
        fmt::format("{}: {}{}; trying again", name_.Text(),
                    file.empty() ? "" : Quote(file) + ": ",
                    response.outcome == Outcome::kAnswered
                        ? fmt::format("the hub answers {}", response.status)
                        : Quote(response.problem)));
  }
  return Sleep(delay, options_.stop);
}

HttpResponse HubClient::FollowWithRetries(
    const std::function<HttpRequest()>& make, int tries,
    const std::string& file) {
  for (int tried = 1;; ++tried) {
    HttpResponse response = Follow(make());
    const int allowed = response.outcome == Outcome::kUnreachable
                            ? std::min(tries, kTriesToConnect)
                            : tries;
    if (!IsWorthAnotherTry(response) || tried >= allowed ||
        !WaitToRetry(response, tried, file)) {
      return response;
    }
  }
}

Error HubClient::ErrorOf(const HttpResponse& response,
                         const std::string& file) const {
  if (options_.stop.stop_requested()) {
    return CancelledError("open: " + name_.Text() + ": stopped");
  }
  return HubError(response, settings_, name_, file);
}

Result<Listing> HubClient::List(int tries) {
  std::string body;
  HttpRequest request{ListingUrl(settings_.endpoint, name_)};
  request.timeout = settings_.head_timeout;
  bool too_long = false;
  request.on_body = [&](const HttpResponse&, std::span<const std::byte> bytes) {
    too_long = body.size() + bytes.size() > kMaxListingBytes;
    if (too_long) return false;
    body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return true;
  };
  const auto make = [&] {
    body.clear();  // of a try that broke
    return request;
  };
  const HttpResponse response = FollowWithRetries(make, tries, "");
  if (too_long) {
    return FailedError(fmt::format(
        "open: {}: the list of its files has more than {} bytes; check "
        "HF_ENDPOINT",
        name_.Text(), kMaxListingBytes));
  }
  if (response.outcome != Outcome::kAnswered || response.status != 200) {
    return ErrorOf(response, "");
  }
  return ParseListing(body, name_.Text());
}

Result<FileMetadata> HubClient::Head(const std::string& commit,
                                     const std::string& file) {
  HttpRequest request{FileUrl(settings_.endpoint, name_.repo, commit, file)};
  request.head = true;
  request.timeout = settings_.head_timeout;
  const HttpResponse response =
      FollowWithRetries([&] { return request; }, kTries, file);
  const bool redirects = response.IsRedirect();
  if (response.outcome != Outcome::kAnswered ||
      (response.status != 200 && !redirects)) {
    return ErrorOf(response, file);
  }
  const auto no_hub = [&](std::string_view what) {
    return FailedError(fmt::format(
        "open: {}: {}: the answer {}, so that it comes from no hub; check "
        "HF_ENDPOINT and the proxy",
        name_.Text(), Quote(file), what));
  };
  if (response.Header("x-repo-commit") != commit) {
    return no_hub("is not of commit " + commit);
  }
  FileMetadata metadata;
  const std::string_view linked = response.Header("x-linked-etag");
  metadata.etag = Unquoted(linked.empty() ? response.Header("etag") : linked);
  if (!IsPlainEtag(metadata.etag)) return no_hub("has no usable ETag");
  metadata.size = Number(response.Header("x-linked-size"));
  if (!metadata.size && !redirects) {
    metadata.size = Number(response.Header("content-length"));
  }
  return metadata;
}

HttpResponse HubClient::Get(const std::string& commit, const std::string& file,
                            std::uint64_t begin,
                            decltype(HttpRequest::on_body) on_body) {
  HttpRequest request{FileUrl(settings_.endpoint, name_.repo, commit, file)};
  request.begin = begin;
  request.timeout = settings_.download_timeout;
  request.on_body = std::move(on_body);
  return Follow(std::move(request));
}

}  // namespace pellucid::hub
