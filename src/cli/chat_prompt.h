// --chat: a prompt as a conversation, in the layout of the model's own chat
// template (pellucid/chat.h).
#ifndef PELLUCID_CLI_CHAT_PROMPT_H_
#define PELLUCID_CLI_CHAT_PROMPT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.h"
#include "cli/io.h"
#include "cli/json_lines.h"
#include "cli/prompt.h"
#include "pellucid/chat.h"
#include "pellucid/model.h"
#include "pellucid/result.h"

namespace pellucid::cli {

// --chat, --chat-vars and --no-generation-prompt.
void AddChatOptions(Arguments& arguments, PromptOptions* options);

// The messages that a text of --chat stands for, as a JSON list: itself if it
// is one, else one message of the user.
std::string MessagesOf(std::string_view text);

// A line of --jsonl with --chat: ParsePromptLine's, a list of messages, or
// {"messages": [...]}; messages come as their JSON. kUsage: as there.
Result<PromptLine> ParseChatLine(std::string_view line);

// How prompts become ids where --chat may be given: reads the template once.
class PromptEncoder {
 public:
  // `model` and `options` outlive it. kUsage: --chat together with --ids, or
  // its options without it. kModel: --chat, but the model has no template, or
  // no tokenizer.
  static Result<PromptEncoder> Make(const Arguments& arguments,
                                    const PromptOptions& options,
                                    const Model& model);

  // EncodePrompt, or with --chat the ids of the conversation: `*prompt` gets
  // its text and turns then. Warns of a second BOS token. kUsage: messages that
  // are none, or that the template refuses. kModel: see ChatTemplate::Render.
  Result<std::vector<TokenId>> Encode(const Arguments& arguments,
                                      RawPrompt* prompt, Io& io) const;

 private:
  PromptEncoder(const PromptOptions& options, const Model& model)
      : options_(&options), model_(&model) {}

  const PromptOptions* options_;
  const Model* model_;
  std::optional<ChatTemplate> chat_;
};

// The same for one prompt.
Result<std::vector<TokenId>> EncodeOnePrompt(const Arguments& arguments,
                                             const PromptOptions& options,
                                             const Model& model,
                                             RawPrompt* prompt, Io& io);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_CHAT_PROMPT_H_
