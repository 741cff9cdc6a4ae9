#include "server/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/quote.h"
#include "formats/json_file.h"
#include "model/edits_json.h"
#include "model/model_impl.h"
#include "trace/edit_plan.h"

namespace pellucid::server {
namespace {

Status CheckLength(std::string_view operation, std::size_t tokens,
                   std::size_t max_tokens) {
  if (tokens == 0) {
    return UsageError(
        fmt::format("{}: prompt: is empty: there are no tokens; give some text",
                    operation));
  }
  if (tokens <= max_tokens) return {};
  return UsageError(
      fmt::format("{}: prompt: {} tokens are more than the {} that this server "
                  "takes; shorten it, or start with a larger --max-tokens",
                  operation, tokens, max_tokens));
}

Result<PreparedPrompt> PrepareMessages(const Model& model,
                                       const PromptRequest& request) {
  PELLUCID_ASSIGN_OR_RETURN(const Tokenizer* tokenizer,
                            model.RequireTokenizer());
  PELLUCID_ASSIGN_OR_RETURN(const ChatTemplate chat, ChatTemplate::Of(model));
  ChatOptions options;
  options.add_generation_prompt = request.generation_prompt;
  PELLUCID_ASSIGN_OR_RETURN(ChatText text,
                            chat.Render(*request.messages, options));
  PELLUCID_ASSIGN_OR_RETURN(ChatEncoding encoding,
                            EncodeChat(*tokenizer, text, request.bos));
  return PreparedPrompt{std::move(encoding.ids), std::move(text.text),
                        std::move(encoding.turns)};
}

Result<PreparedPrompt> PrepareText(const Model& model, const std::string& text,
                                   BosPolicy bos) {
  PELLUCID_ASSIGN_OR_RETURN(const Tokenizer* tokenizer,
                            model.RequireTokenizer());
  PELLUCID_ASSIGN_OR_RETURN(
      Encoding encoding,
      tokenizer->Encode(text, {.bos = bos, .avoid_double_bos = true}));
  return PreparedPrompt{std::move(encoding.ids), text, {}};
}

Result<TokenId> PrepareTarget(const Model& model, const std::string& text) {
  constexpr std::string_view kId = "id=";
  if (text.starts_with(kId)) {
    TokenId id = 0;
    const char* begin = text.data() + kId.size();
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(begin, end, id);
    if (read.ec == std::errc() && read.ptr == end && id >= 0) return id;
    return UsageError(
        fmt::format("lens: target \"{}\": is no token id; write it as id=7042",
                    Quote(text)));
  }
  PELLUCID_ASSIGN_OR_RETURN(const Tokenizer* tokenizer,
                            model.RequireTokenizer());
  PELLUCID_ASSIGN_OR_RETURN(
      const Encoding encoding,
      tokenizer->Encode(text, {.add_special_tokens = false}));
  if (encoding.ids.size() == 1) return encoding.ids.front();
  constexpr std::size_t kShown = 16;
  std::string pieces;
  for (const TokenId id : encoding.ids) {
    if (!pieces.empty()) pieces += ", ";
    pieces += fmt::format("\"{}\"", Quote(tokenizer->TokenText(id)));
    if (id == encoding.ids[std::min(kShown, encoding.ids.size()) - 1]) break;
  }
  return UsageError(fmt::format(
      "lens: target \"{}\": makes {} tokens{}{}; give one token, or id=N",
      Quote(text), encoding.ids.size(), pieces.empty() ? "" : ": ", pieces));
}

}  // namespace

Result<PreparedPrompt> PreparePrompt(const Model& model,
                                     const PromptRequest& request,
                                     std::string_view operation,
                                     std::size_t max_tokens) {
  Result<PreparedPrompt> prompt = PreparedPrompt{};
  if (request.ids) {
    prompt->ids = *request.ids;
  } else if (request.messages) {
    prompt = PrepareMessages(model, request);
  } else {
    prompt = PrepareText(model, *request.text, request.bos);
  }
  if (!prompt.ok()) return prompt;
  PELLUCID_RETURN_IF_ERROR(
      CheckLength(operation, prompt->ids.size(), max_tokens));
  PELLUCID_RETURN_IF_ERROR(model.impl().CheckPrompts({&prompt->ids, 1}));
  return prompt;
}

Result<std::vector<TokenId>> PrepareTargets(
    const Model& model, const std::vector<std::string>& targets) {
  std::vector<TokenId> ids;
  for (const std::string& target : targets) {
    PELLUCID_ASSIGN_OR_RETURN(const TokenId id, PrepareTarget(model, target));
    ids.push_back(id);
  }
  return ids;
}

Result<std::vector<Edit>> ParseRequestEdits(const Model& model,
                                            const std::string& json) {
  if (json.empty()) return std::vector<Edit>();
  const auto parse = [&]() -> Result<std::vector<Edit>> {
    PELLUCID_ASSIGN_OR_RETURN(
        const JsonFile document,
        JsonFile::Parse(fmt::format("{{\"schema\":\"{}\",\"edits\":{}}}",
                                    kEditsSchema, json),
                        "request"));
    PELLUCID_ASSIGN_OR_RETURN(
        std::vector<Edit> edits,
        ParseEdits(document, model.info(),
                   [](const std::string&, const std::string&) {
                     return Result<Tensor>(UsageError(
                         "edits: request: \"values\" names a file; a request "
                         "holds its numbers itself"));
                   }));
    PELLUCID_RETURN_IF_ERROR(EditPlan::Check(model.impl().table, edits));
    return edits;
  };
  auto edits = parse();
  // There is no file: whoever sent them can mend them.
  if (!edits.ok()) return UsageError(edits.error().message);
  return edits;
}

}  // namespace pellucid::server
