#include <fmt/format.h>
#include <simdjson.h>

#include <ctime>
#include <optional>
#include <utility>

#include "base/out_of_memory.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "pellucid/chat.h"
#include "tokenizer/chat_turns.h"
#include "tokenizer/jinja/from_json.h"
#include "tokenizer/jinja/template.h"

namespace pellucid {

struct ChatTemplate::Impl {
  jinja::Template parsed;
  ChatTokens tokens;
  std::string name;
  std::string bos;  // empty: none is named
};

namespace {

namespace dom = simdjson::dom;
using jinja::Dict;
using jinja::Heap;
using jinja::Kind;
using jinja::Value;

// A text may hold anything; a message is one line.
std::string OneLine(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return line;
}

Error AtTemplate(const std::string& name, const Error& error) {
  if (error.code == ErrorCode::kUsage) {
    return UsageError(
        fmt::format("chat: {}: the template refuses the messages"
                    ": {}; change them",
                    Quote(name), OneLine(error.message)));
  }
  return ModelError(
      fmt::format("chat: {}: chat template: {}; it is damaged or "
                  "not supported, write the prompt yourself",
                  Quote(name), OneLine(error.message)));
}

// The JSON of an argument, called `what` in messages; lives in `parser`.
Result<dom::element> ParseArgument(std::string_view json, std::string_view what,
                                   dom::parser& parser) {
  if (const auto offset = FirstInvalidUtf8(json)) {
    return UsageError(fmt::format(
        "chat: {}: invalid UTF-8 at byte {}; give UTF-8 text", what, *offset));
  }
  dom::element element;
  const auto error = parser.parse(json.data(), json.size(), true).get(element);
  if (error == simdjson::SUCCESS) return element;
  return UsageError(fmt::format("chat: {}: no valid JSON ({}); write it so",
                                what, simdjson::error_message(error)));
}

Error BadMessage(std::size_t i, std::string_view what) {
  return UsageError(
      fmt::format("chat: message {}: {}; write {{\"role\": "
                  "\"user\", \"content\": \"...\"}}",
                  i, what));
}

// Older names of what a model thought, the first that is there counts for all
// but those that are given.
void AliasReasoning(Dict& message, Heap& heap) {
  for (const char* name : {"reasoning_content", "thinking", "reasoning"}) {
    const Value* found = message.Find(std::string_view(name));
    if (found == nullptr) continue;
    const Value reasoning = *found;
    Dict aliased;
    aliased.Set(heap.Make("thinking"), reasoning);
    for (const auto& [key, value] : message.items) aliased.Set(key, value);
    aliased.Set(heap.Make("reasoning_content"), reasoning);
    message = std::move(aliased);
    return;
  }
}

Result<Value> ReadMessage(dom::element element, std::size_t i, Heap& heap,
                          std::string* role) {
  dom::object object;
  if (element.get(object) != simdjson::SUCCESS) {
    return BadMessage(i, "is no object");
  }
  const auto origin = static_cast<std::uint32_t>(i);
  Dict message;
  for (const auto& [key, field] : object) {
    if (field.is_null()) continue;
    const auto value = jinja::FromJson(field, origin, heap);
    if (!value.ok()) return BadMessage(i, value.error().message);
    message.Set(heap.Make(key), *value);
  }
  const Value* named = message.Find(std::string_view("role"));
  if (named == nullptr || !named->Is(Kind::kText)) {
    return BadMessage(i, "has no \"role\"");
  }
  *role = named->view();
  AliasReasoning(message, heap);
  message.origin = origin;
  return heap.Make(std::move(message));
}

struct Conversation {
  jinja::Variables variables;
  std::vector<std::string> roles;  // [messages]
};

Result<Conversation> ReadConversation(std::string_view messages,
                                      const ChatOptions& options,
                                      const ChatTokens& tokens, Heap& heap) {
  Conversation chat;
  dom::parser parser;
  PELLUCID_ASSIGN_OR_RETURN(dom::element element,
                            ParseArgument(messages, "messages", parser));
  dom::array list;
  if (element.get(list) != simdjson::SUCCESS || list.size() == 0) {
    return UsageError(
        "chat: messages: are no list, or an empty one; write "
        "[{\"role\": \"user\", \"content\": \"...\"}]");
  }
  std::vector<Value> values;
  for (const dom::element message : list) {
    PELLUCID_ASSIGN_OR_RETURN(
        values.emplace_back(),
        ReadMessage(message, values.size(), heap, &chat.roles.emplace_back()));
  }
  chat.variables = {{"messages", heap.Make(std::move(values))},
                    {"tools", Value()},
                    {"documents", Value()}};
  for (const auto& [name, text] : tokens) {
    chat.variables.emplace_back(name, heap.Make(text));
  }
  PELLUCID_ASSIGN_OR_RETURN(
      element, ParseArgument(options.variables, "variables", parser));
  dom::object object;
  if (element.get(object) != simdjson::SUCCESS) {
    return UsageError("chat: variables: are no object; write {\"name\": ...}");
  }
  for (const auto& [key, field] : object) {
    const auto value = jinja::FromJson(field, std::nullopt, heap);
    if (!value.ok()) {
      return UsageError(fmt::format("chat: variables: \"{}\": {}", Quote(key),
                                    value.error().message));
    }
    chat.variables.emplace_back(std::string(key), *value);
  }
  return chat;
}

std::tm LocalTime() {
  const std::time_t now = std::time(nullptr);
  std::tm local = {};
  localtime_r(&now, &local);
  return local;
}

// The BOS token, if it stands before the conversation: some models have no such
// token, and name the one that begins every turn.
std::string_view LeadingBos(const jinja::Template& parsed, std::string_view bos,
                            std::string_view text) {
  if (bos.empty() || parsed.Names("bos_token")) return bos;
  return text.find(bos) == text.rfind(bos) ? bos : std::string_view();
}

// Where the generation prompt of `whole` begins: where the conversation without
// one ends, if it begins alike.
std::size_t AnswerBegin(const jinja::Rendering& whole,
                        const Result<jinja::Rendering>& without) {
  if (!without.ok()) return whole.text.size();
  const std::string_view text = without->text.view();
  return whole.text.view().starts_with(text) ? text.size() : whole.text.size();
}

}  // namespace

ChatTemplate::ChatTemplate(std::shared_ptr<const Impl> impl)
    : impl_(std::move(impl)) {}

Result<ChatTemplate> ChatTemplate::Parse(std::string_view source,
                                         ChatTokens tokens,
                                         const std::string& name) {
  return CatchOutOfMemory("chat", [&]() -> Result<ChatTemplate> {
    auto parsed = jinja::Template::Parse(source);
    if (!parsed.ok()) return AtTemplate(name, parsed.error());
    std::string bos;
    for (const auto& [key, text] : tokens) {
      if (key == "bos_token") bos = text;
    }
    return ChatTemplate(std::make_shared<const Impl>(
        Impl{std::move(*parsed), std::move(tokens), name, std::move(bos)}));
  });
}

Result<ChatText> ChatTemplate::Render(std::string_view messages,
                                      const ChatOptions& options) const {
  return CatchOutOfMemory("chat", [&]() -> Result<ChatText> {
    const std::tm now = LocalTime();
    const std::size_t more = jinja::kByteWork * messages.size();
    Heap heap(more);
    PELLUCID_ASSIGN_OR_RETURN(
        Conversation chat,
        ReadConversation(messages, options, impl_->tokens, heap));
    chat.variables.emplace_back("add_generation_prompt",
                                Value(options.add_generation_prompt));
    auto rendering = impl_->parsed.Render(chat.variables, now, heap);
    if (!rendering.ok()) return AtTemplate(impl_->name, rendering.error());
    std::size_t answer = rendering->text.size();
    if (options.add_generation_prompt) {
      Heap second(more);
      PELLUCID_ASSIGN_OR_RETURN(
          chat, ReadConversation(messages, options, impl_->tokens, second));
      chat.variables.emplace_back("add_generation_prompt", Value(false));
      answer = AnswerBegin(*rendering,
                           impl_->parsed.Render(chat.variables, now, second));
    }
    std::vector<ChatTurn> turns = FindTurns(
        *rendering, chat.roles, answer,
        LeadingBos(impl_->parsed, impl_->bos, rendering->text.view()));
    return ChatText{std::move(rendering->text.bytes), std::move(turns)};
  });
}

}  // namespace pellucid
