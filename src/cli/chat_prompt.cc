#include "cli/chat_prompt.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <utility>

#include "base/quote.h"
#include "base/utf8.h"
#include "render/json_writer.h"

namespace pellucid::cli {
namespace {

namespace dom = simdjson::dom;

// Whether `text` is a JSON list, and of nothing else.
bool IsJsonList(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '[') return false;
  dom::parser parser;
  dom::array list;
  return parser.parse(text.data(), text.size(), true).get(list) ==
         simdjson::SUCCESS;
}

// "COMMAND: SOURCE: WHAT" of an error "chat: WHAT" of the library.
Error AtPrompt(const Arguments& arguments, const RawPrompt& prompt,
               const Error& error) {
  constexpr std::string_view kFront = "chat: ";
  if (error.code != ErrorCode::kUsage || !error.message.starts_with(kFront)) {
    return error;
  }
  return {error.code,
          fmt::format("{}: {}: {}", arguments.command(), prompt.source,
                      error.message.substr(kFront.size()))};
}

}  // namespace

void AddChatOptions(Arguments& arguments, PromptOptions* options) {
  arguments.Flag("--chat", &options->chat,
                 "the prompt is a message of the user, or a JSON list of "
                 "messages ([{\"role\": ..., \"content\": ...}, ...]), laid "
                 "out by the model's own chat template up to where the "
                 "assistant's answer begins");
  arguments.Text("--chat-vars", "JSON", &options->chat_vars,
                 "more variables for the template, as in "
                 "'{\"enable_thinking\": false}'");
  arguments.Flag("--no-generation-prompt", &options->no_generation_prompt,
                 "with --chat, end behind the last message");
}

std::string MessagesOf(std::string_view text) {
  if (IsJsonList(text)) return std::string(text);
  std::string json;
  render::JsonWriter writer(render::AppendTo(&json),
                            render::JsonStyle::kCompact);
  writer.BeginArray();
  writer.BeginObject();
  writer.Key("role");
  writer.String("user");
  writer.Key("content");
  writer.String(text);
  writer.EndObject();
  writer.EndArray();
  writer.Finish();
  return json;
}

Result<PromptLine> ParseChatLine(std::string_view line) {
  dom::parser parser;
  dom::element element;
  if (!FirstInvalidUtf8(line) &&
      parser.parse(line.data(), line.size(), true).get(element) ==
          simdjson::SUCCESS) {
    dom::array list;
    if (element.get(list) == simdjson::SUCCESS ||
        element["messages"].get(list) == simdjson::SUCCESS) {
      return PromptLine{simdjson::minify(list), {}};
    }
  }
  PELLUCID_ASSIGN_OR_RETURN(PromptLine prompt, ParsePromptLine(line));
  if (!prompt.text) {
    return UsageError(
        "ids are no conversation; write a text or {\"messages\": [...]}");
  }
  return prompt;
}

Result<PromptEncoder> PromptEncoder::Make(const Arguments& arguments,
                                          const PromptOptions& options,
                                          const Model& model) {
  PromptEncoder encoder(options, model);
  if (!options.chat) {
    if (!options.chat_vars && !options.no_generation_prompt) return encoder;
    return arguments.Problem(
        options.chat_vars ? "--chat-vars" : "--no-generation-prompt",
        "is for chat templates; give --chat too");
  }
  if (options.ids) {
    return arguments.Problem(
        "--chat",
        "token ids are no conversation; give a text instead of "
        "--ids");
  }
  PELLUCID_RETURN_IF_ERROR([&]() -> Status {
    const auto tokenizer = model.RequireTokenizer();
    return tokenizer.ok() ? Status() : Status(tokenizer.error());
  }());
  PELLUCID_ASSIGN_OR_RETURN(encoder.chat_, ChatTemplate::Of(model));
  return encoder;
}

Result<std::vector<TokenId>> PromptEncoder::Encode(const Arguments& arguments,
                                                   RawPrompt* prompt,
                                                   Io& io) const {
  const BosPolicy bos = options_->bos_policy();
  if (!chat_) return EncodePrompt(arguments, *prompt, bos, *model_, io);
  auto text =
      chat_->Render(MessagesOf(*prompt->text),
                    {.add_generation_prompt = !options_->no_generation_prompt,
                     .variables = options_->chat_vars.value_or("{}")});
  if (!text.ok()) return AtPrompt(arguments, *prompt, text.error());
  auto encoding = EncodeChat(*model_->tokenizer(), *text, bos);
  if (!encoding.ok()) return encoding.error();
  if (encoding->has_double_bos) {
    Warn(io, fmt::format("chat: {}: the conversation begins with the BOS token "
                         "twice; leave it out of the first message",
                         prompt->source));
  }
  if (encoding->suppressed_double_bos) {
    Warn(io, fmt::format("chat: {}: the template puts the BOS token first "
                         "already; --bos always adds no second one",
                         prompt->source));
  }
  if (encoding->ids.empty()) {
    return arguments.Problem(prompt->source,
                             "is empty behind the chat template: there are no "
                             "tokens; give some text");
  }
  prompt->text = std::move(text->text);
  prompt->turns = std::move(encoding->turns);
  return std::move(encoding->ids);
}

Result<std::vector<TokenId>> EncodeOnePrompt(const Arguments& arguments,
                                             const PromptOptions& options,
                                             const Model& model,
                                             RawPrompt* prompt, Io& io) {
  PELLUCID_ASSIGN_OR_RETURN(const PromptEncoder encoder,
                            PromptEncoder::Make(arguments, options, model));
  return encoder.Encode(arguments, prompt, io);
}

}  // namespace pellucid::cli
