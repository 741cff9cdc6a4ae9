// What a client is told when a request fails: a status for HTTP, a code for
// programs, a line for people. Nothing of the machine stands in it but what the
// client sent or whoever started the server gave.
#ifndef PELLUCID_SERVER_API_ERROR_H_
#define PELLUCID_SERVER_API_ERROR_H_

#include <string>

#include "pellucid/result.h"
#include "server/http_message.h"

namespace pellucid::server {

struct ApiError {
  int status = 500;
  // usage, model, failed, cancelled, busy, too_large, forbidden, not_found or
  // timeout.
  std::string code = "failed";
  std::string message;
  HttpFields headers = {};
};

// That of an error of the library.
ApiError ErrorOf(const Error& error);

// {"error": {"code": ..., "message": ...}} and a line feed.
std::string ErrorJson(const ApiError& error);

HttpAnswer AnswerOf(const ApiError& error);

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_API_ERROR_H_
