#include "hub/hub_error.h"

#include <fmt/format.h>

#include <string_view>

#include "base/quote.h"

namespace pellucid::hub {
namespace {

using Outcome = HttpResponse::Outcome;

std::string LoginAdvice(const Settings& settings) {
  return settings.token.empty()
             ? "set HF_TOKEN to your token, or run: hf auth login"
             : "check that your token (HF_TOKEN) may read it";
}

// The request came back without an answer that can be used.
std::string WithoutAnswer(const HttpResponse& response,
                          const Settings& settings) {
  const std::string problem = Quote(response.problem);
  if (response.outcome == Outcome::kUnreachable) {
    return fmt::format(
        "{} cannot be reached ({}); check the connection, HF_ENDPOINT and "
        "the proxy, or name a folder or a .gguf file",
        settings.endpoint, problem);
  }
  if (response.outcome == Outcome::kRefused) {
    return fmt::format(
        "the answer cannot be used ({}); check HF_ENDPOINT, the proxy and the "
        "certificates (SSL_CERT_FILE)",
        problem);
  }
  return fmt::format(
      "the connection broke ({}); try again, which goes on from "
      "what has arrived",
      problem);
}

// What the hub says beside a code, for a message.
std::string Remark(const HttpResponse& response) {
  const std::string_view text = response.Header("x-error-message");
  return text.empty() ? "" : fmt::format(" ({})", Quote(text));
}

Error Gated(const HttpResponse& response, const Settings& settings,
            const HubName& name, const std::string& what) {
  return ModelError(fmt::format(
      "{}is gated{}; accept its terms at {}/{}, then {}", what,
      Remark(response), settings.endpoint, name.repo, LoginAdvice(settings)));
}

Error NotFound(const Settings& settings, const std::string& what) {
  return ModelError(fmt::format(
      "{}no such file or folder here, and no such repository on the hub, or it "
      "is private or gated; check the name, or {}",
      what, LoginAdvice(settings)));
}

Error TooMany(const HttpResponse& response, const Settings& settings,
              const std::string& what) {
  const std::string wait =
      response.retry_after
          ? fmt::format("{} s from now", response.retry_after->count())
          : "later";
  return FailedError(fmt::format(
      "{}the hub answers 429, too many requests; try again {}{}", what, wait,
      settings.token.empty() ? ", or set HF_TOKEN for a higher limit" : ""));
}

}  // namespace

Error HubError(const HttpResponse& response, const Settings& settings,
               const HubName& name, const std::string& file) {
  const std::string about =
      "open: " + name.Text() + ": " + (file.empty() ? "" : Quote(file) + ": ");
  if (response.outcome == Outcome::kStopped) {
    return CancelledError(about + "stopped");
  }
  if (response.outcome != Outcome::kAnswered) {
    return FailedError(about + WithoutAnswer(response, settings));
  }
  const std::string_view code = response.Header("x-error-code");
  const std::string_view message = response.Header("x-error-message");
  const int status = response.status;
  if (code == "RevisionNotFound") {
    return ModelError(fmt::format(
        "{}the repository has no revision {}; its branches and tags are at "
        "{}/{}",
        about, Quote(name.revision), settings.endpoint, name.repo));
  }
  if (code == "EntryNotFound") {
    return ModelError(about + "the repository has no such file");
  }
  if (code == "GatedRepo") return Gated(response, settings, name, about);
  if (message == "Access to this resource is disabled.") {
    return ModelError(about +
                      "the hub has disabled the repository; choose "
                      "another");
  }
  if (status == 401 &&
      message == "Invalid credentials in Authorization header") {
    return ModelError(about +
                      "the hub does not know the token; set HF_TOKEN "
                      "to a valid one, or run: hf auth login");
  }
  if (code == "RepoNotFound" || status == 401) return NotFound(settings, about);
  if (status == 403) {
    return ModelError(fmt::format("{}the hub answers 403, forbidden{}; {}",
                                  about, Remark(response),
                                  LoginAdvice(settings)));
  }
  if (status == 404) {
    return file.empty() ? NotFound(settings, about)
                        : ModelError(about + "the hub has no such file (404)");
  }
  if (status == 429) return TooMany(response, settings, about);
  return FailedError(fmt::format("{}the hub answers {}{}; try again later",
                                 about, status, Remark(response)));
}

bool IsWorthAnotherTry(const HttpResponse& response) {
  if (response.outcome == Outcome::kUnreachable ||
      response.outcome == Outcome::kBroken) {
    return true;
  }
  const int status = response.status;
  return response.outcome == Outcome::kAnswered &&
         (status == 408 || status == 429 || status == 500 || status == 502 ||
          status == 503 || status == 504);
}

}  // namespace pellucid::hub
