#include "cli/token_flags.h"

#include <fmt/format.h>

#include <limits>

#include "base/quote.h"

namespace pellucid::cli {
namespace {

constexpr std::uint64_t kMaxId = std::numeric_limits<TokenId>::max();

Result<TokenId> ParseTokenId(const Arguments& arguments,
                             std::string_view option, const std::string& text) {
  const auto id = ParseNumber(std::string_view(text).substr(3));
  if (id && *id <= kMaxId) return static_cast<TokenId>(*id);
  return arguments.Problem(
      option, fmt::format("\"{}\" names no token id; give id=N with a whole "
                          "number from 0",
                          Quote(text)));
}

Result<std::vector<TokenId>> Encode(const std::string& text,
                                    const Model& model) {
  PELLUCID_ASSIGN_OR_RETURN(const Tokenizer* tokenizer,
                            model.RequireTokenizer());
  PELLUCID_ASSIGN_OR_RETURN(
      Encoding encoding,
      tokenizer->Encode(text, {.add_special_tokens = false}));
  return std::move(encoding.ids);
}

Error NotOne(const Arguments& arguments, std::string_view option,
             const std::string& text, const std::vector<TokenId>& ids,
             const Model& model, std::string_view otherwise) {
  std::string pieces;
  for (const TokenId id : ids) {
    if (!pieces.empty()) pieces += ", ";
    pieces += fmt::format("\"{}\" (id {})",
                          Quote(model.tokenizer()->TokenText(id)), id);
  }
  return arguments.Problem(
      option,
      fmt::format("\"{}\" makes {} tokens{}{}; give one token, {}", Quote(text),
                  ids.size(), pieces.empty() ? "" : ": ", pieces, otherwise));
}

}  // namespace

Result<TokenId> ResolveToken(const Arguments& arguments,
                             std::string_view option, const std::string& text,
                             const Model& model) {
  if (text.starts_with("id=")) return ParseTokenId(arguments, option, text);
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<TokenId> ids,
                            Encode(text, model));
  if (ids.size() == 1) return ids.front();
  return NotOne(arguments, option, text, ids, model, "or id=N");
}

AnswerMode AnswerModeFromName(std::string_view name) {
  return name == "first"      ? AnswerMode::kFirst
         : name == "sequence" ? AnswerMode::kSequence
                              : AnswerMode::kOne;
}

Result<std::vector<TokenId>> ResolveAnswer(const Arguments& arguments,
                                           std::string_view option,
                                           const std::string& text,
                                           AnswerMode mode,
                                           const Model& model) {
  if (text.starts_with("id=")) {
    PELLUCID_ASSIGN_OR_RETURN(const TokenId id,
                              ParseTokenId(arguments, option, text));
    return std::vector<TokenId>{id};
  }
  PELLUCID_ASSIGN_OR_RETURN(std::vector<TokenId> ids, Encode(text, model));
  if (ids.empty() || (ids.size() > 1 && mode == AnswerMode::kOne)) {
    return NotOne(arguments, option, text, ids, model,
                  "id=N, or --answer-mode first or sequence");
  }
  if (mode == AnswerMode::kFirst) ids.resize(1);
  return ids;
}

}  // namespace pellucid::cli
