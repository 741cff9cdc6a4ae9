// The bodies of requests as values: JSON in, nothing taken on trust. A key that
// is unknown, stands twice or has a value of another kind is refused by name,
// so that no request is answered that was meant otherwise. What only a model
// can judge comes later (prepare.h).
#ifndef PELLUCID_SERVER_API_REQUEST_H_
#define PELLUCID_SERVER_API_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pellucid/generate.h"
#include "pellucid/lens.h"
#include "pellucid/result.h"
#include "pellucid/selection.h"
#include "pellucid/tokenizer.h"

namespace pellucid::server {

// One of `text`, `ids` and `messages`.
struct PromptRequest {
  std::optional<std::string> text = {};
  std::optional<std::vector<TokenId>> ids = {};
  std::optional<std::string> messages = {};  // JSON of the list
  bool generation_prompt = true;             // of messages
  BosPolicy bos = BosPolicy::kAuto;
};

// Changes that need a run of their own, or names of sites.
struct ZeroHead {
  std::size_t layer = 0, head = 0;
  Selection positions = {};
};
struct PatchFrom {
  std::string from;  // another prompt
  LensSite site = LensSite::kResidPost;
  std::size_t layer = 0;
  std::int64_t position = 0;  // negative: from the end
  std::optional<std::int64_t> from_position = {};
};
struct Steer {
  std::string plus;
  std::optional<std::string> minus = {};
  std::size_t layer = 0;
  float scale = 1;
};
using WhatIf = std::variant<ZeroHead, PatchFrom, Steer>;

struct ChangeRequest {
  std::string edits;  // JSON of the list; empty: none
  std::vector<WhatIf> what_if;
};

struct LensRequest {
  std::optional<std::string> model;
  PromptRequest prompt;
  ChangeRequest changes;
  LensOptions options;         // without lens, targets and edits
  std::string lens = "logit";  // or the name of a trained one
  std::vector<std::string> targets;
  bool stream = false;
};

enum class TraceForm { kSafetensors, kNpz, kJson };

struct TraceRequest {
  std::optional<std::string> model;
  PromptRequest prompt;
  ChangeRequest changes;
  std::vector<std::string> sites;
  TraceForm form = TraceForm::kSafetensors;
};

struct GenerateRequest {
  std::optional<std::string> model;
  PromptRequest prompt;
  ChangeRequest changes;
  GenerateOptions options;  // without edits
};

struct TokenizeRequest {
  std::optional<std::string> model;
  std::string text;
  BosPolicy bos = BosPolicy::kAuto;
};

// At most so many of each in one request.
inline constexpr std::size_t kMaxTargets = 64;
inline constexpr std::size_t kMaxWhatIf = 64;
inline constexpr std::size_t kMaxSites = 4096;
inline constexpr std::size_t kMaxStopTexts = 16;

// kUsage: no JSON, or not as above.
Result<LensRequest> ReadLensRequest(std::string_view body);
Result<TraceRequest> ReadTraceRequest(std::string_view body);
Result<GenerateRequest> ReadGenerateRequest(std::string_view body);
Result<TokenizeRequest> ReadTokenizeRequest(std::string_view body);

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_API_REQUEST_H_
