// Reads the input as the body of each request to the server. Nothing of it is
// trusted: it is read or refused in one line, and what is read holds what its
// limits say.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/api_request.h"

namespace {

void Require(bool holds) {
  if (!holds) __builtin_trap();
}

void CheckProblem(const pellucid::Error& error) {
  Require(error.code == pellucid::ErrorCode::kUsage);
  Require(!error.message.empty());
  Require(error.message.find('\n') == std::string::npos);
}

void CheckPrompt(const pellucid::server::PromptRequest& prompt) {
  Require(prompt.text.has_value() + prompt.ids.has_value() +
              prompt.messages.has_value() ==
          1);
  if (!prompt.ids) return;
  for (const pellucid::TokenId id : *prompt.ids) Require(id >= 0);
}

template <typename Request>
void Check(const pellucid::Result<Request>& request) {
  if (!request.ok()) return CheckProblem(request.error());
  if constexpr (requires { request->prompt; }) {
    CheckPrompt(request->prompt);
    Require(request->changes.what_if.size() <= pellucid::server::kMaxWhatIf);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto lens = pellucid::server::ReadLensRequest(body);
  Check(lens);
  if (lens.ok()) {
    Require(lens->options.top_k >= 1);
    Require(lens->targets.size() <= pellucid::server::kMaxTargets);
    Require(!lens->options.sites.empty());
  }
  const auto trace = pellucid::server::ReadTraceRequest(body);
  Check(trace);
  if (trace.ok()) Require(!trace->sites.empty());
  const auto generate = pellucid::server::ReadGenerateRequest(body);
  Check(generate);
  if (generate.ok()) Require(generate->options.max_tokens >= 1);
  Check(pellucid::server::ReadTokenizeRequest(body));
  return 0;
}
