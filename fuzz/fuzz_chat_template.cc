// Renders the input as a chat template over a conversation that holds most
// kinds of values: it must end, in a text of UTF-8 whose turns lie within it,
// or in an error of one line.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "pellucid/chat.h"

namespace {

using pellucid::ErrorCode;

void Require(bool holds) {
  if (!holds) __builtin_trap();
}

void CheckMessage(const pellucid::Error& error) {
  Require(error.code == ErrorCode::kModel || error.code == ErrorCode::kUsage);
  Require(!error.message.empty());
  Require(error.message.find('\n') == std::string::npos);
}

constexpr std::string_view kMessages = R"([
  {"role": "system", "content": "Be brief. \n"},
  {"role": "user", "content": " caf\u00e9 <|x|> \ud83d\ude00 e\u0301\n"},
  {"role": "assistant", "content": "<think>a</think>b", "tool_calls": [
    {"id": "c1", "function": {"name": "f",
                              "arguments": {"x": [1, 2.5, null]}}}]},
  {"role": "tool", "content": [{"type": "text", "text": "t"},
                               {"type": "image"}]},
  {"role": "user", "content": ""}])";

constexpr std::string_view kVariables = R"({
  "s": "Hello World", "i": 7, "n": -3, "f": 2.5, "t": true, "l": [3, 1, 2],
  "d": {"k": "v", "x": {"y": [1, {"z": "q"}]}},
  "tools": [{"function": {"name": "f", "parameters": {"type": "object"}}}]})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string source(data, data + size);
  const auto chat = pellucid::ChatTemplate::Parse(
      source, {{"bos_token", "<s>"}, {"eos_token", "</s>"}}, "template");
  if (!chat.ok()) {
    CheckMessage(chat.error());
    return 0;
  }
  const auto text = chat->Render(
      kMessages,
      {.add_generation_prompt = true, .variables = std::string(kVariables)});
  if (!text.ok()) {
    CheckMessage(text.error());
    return 0;
  }
  Require(!pellucid::FirstInvalidUtf8(text->text));
  for (const pellucid::ChatTurn& turn : text->turns) {
    Require(turn.begin <= turn.end && turn.end <= text->text.size());
    Require(!turn.role.empty());
  }
  return 0;
}
