#include "hub/http.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "pellucid/version.h"

namespace pellucid::hub {
namespace {

using Outcome = HttpResponse::Outcome;

constexpr std::size_t kMaxHeaders = 200;  // a server's answer has some 30
constexpr std::size_t kMaxHeaderBytes = 16384;
constexpr int kPollMilliseconds = 50;  // the stop token wakes it before

// libcurl's state of the process, once.
bool InitialiseCurl() {
  static const bool ready = ::curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

using Clock = std::chrono::steady_clock;

// What the callbacks of a running request see.
struct Running {
  CURL* easy;
  const HttpRequest* request;
  HttpResponse* response;
  Clock::time_point heard = Clock::now();  // of the server, last
  bool refused = false;
};

// A line of the header. Interim answers (100 Continue) begin like the last.
std::size_t OnHeader(char* data, std::size_t size, std::size_t count,
                     void* user) {
  Running& running = *static_cast<Running*>(user);
  running.heard = Clock::now();
  HttpResponse& response = *running.response;
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) response.headers.clear();
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos && line.size() <= kMaxHeaderBytes &&
      response.headers.size() < kMaxHeaders) {
    response.headers[LowerCase(line.substr(0, colon))] =
        Trimmed(line.substr(colon + 1));
  }
  return line.size();
}

std::size_t OnBody(char* data, std::size_t size, std::size_t count,
                   void* user) {
  Running& running = *static_cast<Running*>(user);
  running.heard = Clock::now();
  const std::span<const char> bytes(data, size * count);
  long status = 0;
  ::curl_easy_getinfo(running.easy, CURLINFO_RESPONSE_CODE, &status);
  running.response->status = static_cast<int>(status);
  if (!running.request->on_body ||
      running.request->on_body(*running.response, std::as_bytes(bytes))) {
    return bytes.size();
  }
  running.refused = true;
  return 0;
}

bool IsUnreachable(CURLcode code) {
  constexpr std::array kCodes = {
      CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST,
      CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR, CURLE_PROXY};
  return std::ranges::find(kCodes, code) != kCodes.end();
}

// What no further try mends.
bool IsRefusal(CURLcode code) {
  constexpr std::array kCodes = {
      CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
      CURLE_SSL_CERTPROBLEM, CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL};
  return std::ranges::find(kCodes, code) != kCodes.end();
}

using HeaderList = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

// Compression is declined: sizes and ranges are those of the file.
HeaderList HeadersOf(const HttpRequest& request) {
  HeaderList list(nullptr, ::curl_slist_free_all);
  const auto add = [&list](const std::string& line) {
    curl_slist* longer = ::curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) return;
    static_cast<void>(list.release());  // it begins the longer one
    list.reset(longer);
  };
  add("Accept-Encoding: identity");
  if (!request.token.empty()) add("Authorization: Bearer " + request.token);
  return list;
}

}  // namespace

std::string_view HttpResponse::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : found->second;
}

bool HttpResponse::IsRedirect() const {
  return status >= 300 && status < 400 && !Header("location").empty();
}

struct HttpClient::Impl {
  explicit Impl(const Settings& with) : settings(with) {
    if (!InitialiseCurl()) return;
    multi = ::curl_multi_init();
    easy = ::curl_easy_init();
  }
  ~Impl() {
    if (easy != nullptr) ::curl_easy_cleanup(easy);
    if (multi != nullptr) ::curl_multi_cleanup(multi);
  }

  void SetOptions(const HttpRequest& request, const curl_slist* headers,
                  Running* running);
  CURLcode Run(const Running& running, const std::stop_token& stop);

  const Settings settings;
  CURLM* multi = nullptr;
  CURL* easy = nullptr;
  std::array<char, CURL_ERROR_SIZE> message{};
};

void HttpClient::Impl::SetOptions(const HttpRequest& request,
                                  const curl_slist* headers, Running* running) {
  constexpr long kOn = 1;
  const auto set = [this](CURLoption option, auto value) {
    ::curl_easy_setopt(easy, option, value);
  };
  ::curl_easy_reset(easy);  // connections stay
  message[0] = '\0';
  set(CURLOPT_ERRORBUFFER, message.data());
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_NOSIGNAL, kOn);
  set(CURLOPT_USERAGENT,
      fmt::format("pellucid/{}", Version()).c_str());  // copied
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(request.timeout.count()));
  set(CURLOPT_BUFFERSIZE, 256L << 10);
  set(CURLOPT_HEADERFUNCTION, OnHeader);
  set(CURLOPT_HEADERDATA, running);
  set(CURLOPT_WRITEFUNCTION, OnBody);
  set(CURLOPT_WRITEDATA, running);
  if (request.head) set(CURLOPT_NOBODY, kOn);
  if (request.begin > 0) {
    set(CURLOPT_RANGE, fmt::format("{}-", request.begin).c_str());
  }
  if (!settings.ca_file.empty()) {
    set(CURLOPT_CAINFO, settings.ca_file.c_str());
  }
  if (!settings.ca_folder.empty()) {
    set(CURLOPT_CAPATH, settings.ca_folder.c_str());
  }
}

// CURLE_ABORTED_BY_CALLBACK: stopped. The silence of a server is measured here:
// libcurl's own limit is one of an average over some seconds.
CURLcode HttpClient::Impl::Run(const Running& running,
                               const std::stop_token& stop) {
  // libcurl allows this one call from another thread.
  const std::stop_callback wake(stop, [this] { ::curl_multi_wakeup(multi); });
  int transfers = 1;
  while (true) {
    if (stop.stop_requested()) return CURLE_ABORTED_BY_CALLBACK;
    if (::curl_multi_perform(multi, &transfers) != CURLM_OK) break;
    if (transfers == 0) break;
    if (Clock::now() - running.heard > running.request->timeout) {
      return CURLE_OPERATION_TIMEDOUT;
    }
    if (::curl_multi_poll(multi, nullptr, 0, kPollMilliseconds, nullptr) !=
        CURLM_OK) {
      break;
    }
  }
  int left = 0;
  const CURLMsg* done = ::curl_multi_info_read(multi, &left);
  return done != nullptr && done->msg == CURLMSG_DONE ? done->data.result
                                                      : CURLE_RECV_ERROR;
}

HttpClient::HttpClient(const Settings& settings)
    : impl_(std::make_unique<Impl>(settings)) {}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::Send(const HttpRequest& request,
                              const std::stop_token& stop) {
  HttpResponse response;
  if (impl_->easy == nullptr || impl_->multi == nullptr) {
    response.problem = "libcurl does not start";
    return response;
  }
  Running running{impl_->easy, &request, &response};
  const HeaderList headers = HeadersOf(request);
  impl_->SetOptions(request, headers.get(), &running);
  CURLcode code = CURLE_FAILED_INIT;
  if (::curl_multi_add_handle(impl_->multi, impl_->easy) == CURLM_OK) {
    code = impl_->Run(running, stop);
    long status = 0;
    ::curl_easy_getinfo(impl_->easy, CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    curl_off_t seconds = 0;
    ::curl_easy_getinfo(impl_->easy, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds > 0) response.retry_after = std::chrono::seconds(seconds);
    ::curl_multi_remove_handle(impl_->multi, impl_->easy);
  }
  if (code == CURLE_OK) {
    response.outcome = Outcome::kAnswered;
  } else if (code == CURLE_ABORTED_BY_CALLBACK) {
    response.outcome = Outcome::kStopped;
  } else if (running.refused || IsRefusal(code)) {
    response.outcome = Outcome::kRefused;
  } else {
    const bool unreachable = IsUnreachable(code) || response.status == 0;
    response.outcome = unreachable ? Outcome::kUnreachable : Outcome::kBroken;
  }
  if (code != CURLE_OK) {
    response.problem = impl_->message[0] != '\0'
                           ? std::string(Trimmed(impl_->message.data()))
                           : ::curl_easy_strerror(code);
  }
  return response;
}

}  // namespace pellucid::hub
