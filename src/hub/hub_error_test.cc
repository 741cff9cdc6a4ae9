#include "hub/hub_error.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pellucid::hub {
namespace {

using Outcome = HttpResponse::Outcome;

HttpResponse Answer(int status, std::map<std::string, std::string> headers) {
  HttpResponse response;
  response.outcome = Outcome::kAnswered;
  response.status = status;
  response.headers = std::move(headers);
  return response;
}

Error ErrorFor(const HttpResponse& response, const std::string& file = "",
               const std::string& token = "") {
  Settings settings;
  settings.endpoint = "https://hub.example";
  settings.token = token;
  return HubError(response, settings, HubName{"org/name", "v9", ""}, file);
}

TEST(HubErrorTest, EachAnswerSaysWhatToDo) {
  struct Case {
    HttpResponse response;
    ErrorCode code;
    std::string text;
  };
  const std::vector<Case> cases = {
      {Answer(404, {{"x-error-code", "RevisionNotFound"}}), ErrorCode::kModel,
       "open: org/name@v9: the repository has no revision v9; its branches and "
       "tags are at https://hub.example/org/name"},
      {Answer(401, {{"x-error-code", "RepoNotFound"}}), ErrorCode::kModel,
       "open: org/name@v9: no such file or folder here, and no such repository "
       "on the hub, or it is private or gated; check the name, or set HF_TOKEN "
       "to your token, or run: hf auth login"},
      {Answer(401, {}), ErrorCode::kModel,
       "open: org/name@v9: no such file or folder here, and no such repository "
       "on the hub, or it is private or gated; check the name, or set HF_TOKEN "
       "to your token, or run: hf auth login"},
      {Answer(401, {{"x-error-message",
                     "Invalid credentials in Authorization header"}}),
       ErrorCode::kModel,
       "open: org/name@v9: the hub does not know the token; set HF_TOKEN to a "
       "valid one, or run: hf auth login"},
      {Answer(403, {{"x-error-code", "GatedRepo"},
                    {"x-error-message", "Ask\nthe authors"}}),
       ErrorCode::kModel,
       "open: org/name@v9: is gated (Ask<0x0A>the authors); accept its terms "
       "at https://hub.example/org/name, then set HF_TOKEN to your token, or "
       "run: hf auth login"},
      {Answer(403, {{"x-error-message",
                     "Access to this resource is "
                     "disabled."}}),
       ErrorCode::kModel,
       "open: org/name@v9: the hub has disabled the repository; choose "
       "another"},
      {Answer(403, {}), ErrorCode::kModel,
       "open: org/name@v9: the hub answers 403, forbidden; set HF_TOKEN to "
       "your token, or run: hf auth login"},
      {Answer(429, {}), ErrorCode::kFailed,
       "open: org/name@v9: the hub answers 429, too many requests; try again "
       "later, or set HF_TOKEN for a higher limit"},
      {Answer(503, {}), ErrorCode::kFailed,
       "open: org/name@v9: the hub answers 503; try again later"},
  };
  for (const Case& one : cases) {
    const Error error = ErrorFor(one.response);
    EXPECT_EQ(error.message, one.text);
    EXPECT_EQ(error.code, one.code);
  }
}

TEST(HubErrorTest, AFileIsNamed) {
  EXPECT_EQ(ErrorFor(Answer(404, {{"x-error-code", "EntryNotFound"}}), "a.json")
                .message,
            "open: org/name@v9: a.json: the repository has no such file");
}

TEST(HubErrorTest, WhoHasATokenIsNotToldToGetOne) {
  for (const int status : {401, 403, 429}) {
    const std::string text = ErrorFor(Answer(status, {}), "", "hf_x").message;
    EXPECT_EQ(text.find("to your token"), std::string::npos) << text;
    EXPECT_EQ(text.find("higher limit"), std::string::npos) << text;
    EXPECT_EQ(text.find("hf_x"), std::string::npos) << text;
  }
}

TEST(HubErrorTest, WithoutAnAnswerTheNetworkIsAtFault) {
  HttpResponse response;
  response.problem = "Could not resolve host";
  EXPECT_EQ(ErrorFor(response).message,
            "open: org/name@v9: https://hub.example cannot be reached (Could "
            "not resolve host); check the connection, HF_ENDPOINT and the "
            "proxy, or name a folder or a .gguf file");
  EXPECT_EQ(ErrorFor(response).code, ErrorCode::kFailed);
  response.outcome = Outcome::kBroken;
  EXPECT_NE(ErrorFor(response).message.find("the connection broke"),
            std::string::npos);
  response.outcome = Outcome::kStopped;
  EXPECT_EQ(ErrorFor(response).code, ErrorCode::kCancelled);
}

TEST(HubErrorTest, OnlyWhatMayPassIsTriedAgain) {
  for (const int status : {408, 429, 500, 502, 503, 504}) {
    EXPECT_TRUE(IsWorthAnotherTry(Answer(status, {}))) << status;
  }
  for (const int status : {200, 206, 302, 400, 401, 403, 404, 416, 501}) {
    EXPECT_FALSE(IsWorthAnotherTry(Answer(status, {}))) << status;
  }
  HttpResponse response;
  for (const Outcome outcome : {Outcome::kUnreachable, Outcome::kBroken}) {
    response.outcome = outcome;
    EXPECT_TRUE(IsWorthAnotherTry(response));
  }
  for (const Outcome outcome : {Outcome::kRefused, Outcome::kStopped}) {
    response.outcome = outcome;
    EXPECT_FALSE(IsWorthAnotherTry(response));
  }
}

}  // namespace
}  // namespace pellucid::hub
