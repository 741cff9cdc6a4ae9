// The records of a .jsonl file: what one line may hold, read with simdjson.
// Strict: a line that is anything else, a blank one too, is an error.
#ifndef PELLUCID_CLI_JSON_LINES_H_
#define PELLUCID_CLI_JSON_LINES_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"
#include "pellucid/tokenizer.h"

namespace pellucid::cli {

inline constexpr std::size_t kMaxLineBytes = std::size_t{1} << 28;

// One of the two.
struct PromptLine {
  std::optional<std::string> text;
  std::vector<TokenId> ids;
};

// Two texts that differ in one thing.
struct ContrastLine {
  std::string plus, minus;
};

// All four: kUsage, with a message "WHAT; WHAT TO DO" that says nothing of
// where the line is (see AtLine).

// A JSON string, {"text": "..."} or {"ids": [1, 2]}; other keys are ignored.
Result<PromptLine> ParsePromptLine(std::string_view line);
// A JSON string.
Result<std::string> ParseStringLine(std::string_view line);
// An array of token ids.
Result<std::vector<TokenId>> ParseIdsLine(std::string_view line);

// {"plus": "...", "minus": "..."}; other keys are ignored.
Result<ContrastLine> ParseContrastLine(std::string_view line);

// How messages call a line: "f.jsonl line 3".
std::string LineName(std::string_view source, std::size_t number);

// "COMMAND: SOURCE line NUMBER: MESSAGE", of the same code. MESSAGE loses the
// operation that it begins with, if any ("run: "): one prefix is enough. A
// message that names the line already stays as it is.
Error AtLine(std::string_view command, std::string_view source,
             std::size_t number, const Error& error);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_JSON_LINES_H_
