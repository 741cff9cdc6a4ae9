#include "server/api_error.h"

#include "render/json_writer.h"

namespace pellucid::server {

ApiError ErrorOf(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUsage:
      return {400, "usage", error.message};
    case ErrorCode::kModel:
      return {422, "model", error.message};
    case ErrorCode::kCancelled:
      return {503, "cancelled", error.message, {{"Retry-After", "1"}}};
    case ErrorCode::kFailed:
      break;
  }
  return {500, "failed", error.message};
}

std::string ErrorJson(const ApiError& error) {
  std::string out;
  render::JsonWriter json(render::AppendTo(&out), render::JsonStyle::kCompact);
  json.BeginObject();
  json.Key("error");
  json.BeginObject();
  json.Key("code");
  json.String(error.code);
  json.Key("message");
  json.String(error.message);
  json.EndObject();
  json.EndObject();
  json.Finish();
  return out;
}

HttpAnswer AnswerOf(const ApiError& error) {
  return {error.status, "application/json", ErrorJson(error), error.headers};
}

}  // namespace pellucid::server
