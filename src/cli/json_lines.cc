#include "cli/json_lines.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdint>
#include <limits>
#include <utility>

#include "base/utf8.h"

namespace pellucid::cli {
namespace {

namespace dom = simdjson::dom;

constexpr std::int64_t kMaxId = std::numeric_limits<TokenId>::max();

// The document lives in `parser`.
Result<dom::element> ParseLine(std::string_view line, dom::parser& parser) {
  if (const auto offset = FirstInvalidUtf8(line)) {
    return UsageError(fmt::format(
        "invalid UTF-8 at byte {}; save the file as UTF-8", *offset));
  }
  dom::element element;
  const auto error = parser.parse(line.data(), line.size(), true).get(element);
  if (error != simdjson::SUCCESS) {
    return UsageError(
        fmt::format("no valid JSON ({}); write one JSON value a "
                    "line",
                    simdjson::error_message(error)));
  }
  return element;
}

Result<std::vector<TokenId>> IdsOf(dom::element element) {
  dom::array array;
  if (element.get(array) != simdjson::SUCCESS) {
    return UsageError("the ids are no array; write them as [1, 2, 3]");
  }
  std::vector<TokenId> ids;
  for (const dom::element item : array) {
    std::int64_t id = 0;
    if (item.get(id) != simdjson::SUCCESS || id < 0 || id > kMaxId) {
      return UsageError(fmt::format(
          "element {} is no token id; ids are whole numbers from 0 to {}",
          ids.size(), kMaxId));
    }
    ids.push_back(static_cast<TokenId>(id));
  }
  return ids;
}

// Bytes of "OPERATION: " at the beginning, one word of lower-case letters; 0
// where there is none.
std::size_t OperationLength(std::string_view message) {
  const std::size_t end =
      message.find_first_not_of("abcdefghijklmnopqrstuvwxyz");
  if (end == 0 || end == std::string_view::npos) return 0;
  return message.substr(end).starts_with(": ") ? end + 2 : 0;
}

}  // namespace

Result<PromptLine> ParsePromptLine(std::string_view line) {
  dom::parser parser;
  PELLUCID_ASSIGN_OR_RETURN(const dom::element element,
                            ParseLine(line, parser));
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) {
    return PromptLine{std::string(text), {}};
  }
  dom::object object;
  dom::element text_value, ids_value;
  const bool is_object = element.get(object) == simdjson::SUCCESS;
  const bool has_text =
      is_object && object["text"].get(text_value) == simdjson::SUCCESS;
  const bool has_ids =
      is_object && object["ids"].get(ids_value) == simdjson::SUCCESS;
  if (has_text == has_ids) {
    return UsageError(
        "no prompt, or two; write a JSON string, {\"text\": \"...\"} or "
        "{\"ids\": [...]}");
  }
  if (has_ids) {
    PELLUCID_ASSIGN_OR_RETURN(std::vector<TokenId> ids, IdsOf(ids_value));
    return PromptLine{std::nullopt, std::move(ids)};
  }
  if (text_value.get(text) != simdjson::SUCCESS) {
    return UsageError("\"text\" is no string; write {\"text\": \"...\"}");
  }
  return PromptLine{std::string(text), {}};
}

Result<std::string> ParseStringLine(std::string_view line) {
  dom::parser parser;
  PELLUCID_ASSIGN_OR_RETURN(const dom::element element,
                            ParseLine(line, parser));
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) {
    return UsageError("no JSON string; write the text in double quotes");
  }
  return std::string(text);
}

Result<std::vector<TokenId>> ParseIdsLine(std::string_view line) {
  dom::parser parser;
  PELLUCID_ASSIGN_OR_RETURN(const dom::element element,
                            ParseLine(line, parser));
  return IdsOf(element);
}

Result<ContrastLine> ParseContrastLine(std::string_view line) {
  dom::parser parser;
  PELLUCID_ASSIGN_OR_RETURN(const dom::element element,
                            ParseLine(line, parser));
  dom::object object;
  std::string_view plus, minus;
  if (element.get(object) != simdjson::SUCCESS ||
      object["plus"].get(plus) != simdjson::SUCCESS ||
      object["minus"].get(minus) != simdjson::SUCCESS) {
    return UsageError(
        "no pair of texts; write {\"plus\": \"...\", \"minus\": \"...\"}");
  }
  return ContrastLine{std::string(plus), std::string(minus)};
}

std::string LineName(std::string_view source, std::size_t number) {
  return fmt::format("{} line {}", source, number);
}

Error AtLine(std::string_view command, std::string_view source,
             std::size_t number, const Error& error) {
  const std::string front =
      fmt::format("{}: {}: ", command, LineName(source, number));
  if (error.message.starts_with(front)) return error;
  return {error.code,
          front + error.message.substr(OperationLength(error.message))};
}

}  // namespace pellucid::cli
