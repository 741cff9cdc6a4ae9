// pellucid/chat.h - a conversation as the text that a chat model reads.
//
// Chat models are trained on conversations in a layout of their own, which
// their files state as a Jinja template. A prompt without it is not what they
// know. Rendered as `transformers` does it (apply_chat_template), by an engine
// of this library's own: templates come from strangers, so what one may use up
// is bounded.
//
//   const ChatTemplate chat = ChatTemplate::Of(model).value();
//   const ChatText text =
//       chat.Render(R"([{"role": "user", "content": "Hi"}])",
//                   {.add_generation_prompt = true}).value();
//   const ChatEncoding prompt = EncodeChat(*model.tokenizer(), text).value();
//   model.Run(prompt.ids)
#ifndef PELLUCID_CHAT_H_
#define PELLUCID_CHAT_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pellucid/export.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"

namespace pellucid {

class Model;  // pellucid/model.h

// How ChatTemplate::Render lays a conversation out.
struct ChatOptions {
  // The text ends where the assistant's answer begins.
  bool add_generation_prompt = false;
  // More variables, a JSON object: {"enable_thinking": false, "tools": [...]}.
  // What is not given: tools and documents are none, all else is undefined.
  std::string variables = "{}";
};

// A part of the text that belongs to one message.
struct ChatTurn {
  std::string role;                // of the message, "user"
  std::size_t begin = 0, end = 0;  // bytes [begin, end) of ChatText::text
};

// What ChatTemplate::Render made.
struct ChatText {
  std::string text;  // UTF-8, special tokens by their names
  // In the order of the text: one for each message that left text in it,
  // header and end included; before them what the template itself says of the
  // system, and at last the beginning of the answer (role "assistant"). A BOS
  // token is part of none. They overlap only where a template writes one
  // message into another, such as the system's into the first of the user.
  std::vector<ChatTurn> turns;
};

// Names of special tokens and their texts: {"bos_token", "<s>"}.
using ChatTokens = std::vector<std::pair<std::string, std::string>>;

// The chat template of one model. Cheap to copy; safe to use from many threads.
class PELLUCID_API ChatTemplate {
 public:
  struct Impl;  // src/tokenizer/chat_template.cc

  // The template of a text. `name` stands for its file in messages. kModel: no
  // template, or one that uses what is not supported.
  static Result<ChatTemplate> Parse(std::string_view source, ChatTokens tokens,
                                    const std::string& name);

  // That of the model's files: of a folder chat_template.jinja, else
  // tokenizer_config.json, else chat_template.json; of several the one named
  // "default". Of a GGUF file tokenizer.chat_template. kModel: none of them
  // holds one, or see Parse.
  static Result<ChatTemplate> Of(const Model& model);

  // Lays out `messages`, a JSON list of objects with "role" and "content" and
  // whatever else the template reads. As in transformers, keys that are null
  // are left out, and "reasoning", "thinking" and "reasoning_content" stand for
  // each other. Takes time and memory in proportion to the text; at most
  // 64 MiB. kUsage: no such list, or what the template refuses by
  // raise_exception. kModel: the template fails or goes beyond the bounds.
  Result<ChatText> Render(std::string_view messages,
                          const ChatOptions& options = {}) const;

 private:
  explicit ChatTemplate(std::shared_ptr<const Impl> impl);

  std::shared_ptr<const Impl> impl_;
};

// The tokens of one turn.
struct TokenTurn {
  std::string role;
  std::size_t begin = 0, end = 0;  // positions [begin, end)
};

// What EncodeChat made.
struct ChatEncoding {
  std::vector<TokenId> ids;      // [tokens]
  std::vector<TokenTurn> turns;  // those of ChatText
  // The text begins with the BOS token twice, or `bos` asked for one that it
  // already had (and which was not put before it again).
  bool has_double_bos = false, suppressed_double_bos = false;
};

// Encodes the text as transformers does: special tokens are recognised, and
// none is added but a BOS token that `bos` always wants. A token that reaches
// from one turn into the next belongs to the next. kUsage: as
// Tokenizer::Encode; kModel: the same.
PELLUCID_API Result<ChatEncoding> EncodeChat(const Tokenizer& tokenizer,
                                             const ChatText& chat,
                                             BosPolicy bos = BosPolicy::kAuto);

}  // namespace pellucid

#endif  // PELLUCID_CHAT_H_
