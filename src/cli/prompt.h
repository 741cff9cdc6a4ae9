// Where a prompt comes from, and how it becomes token ids. Every byte of a
// text counts: a trailing line feed is a token of its own.
#ifndef PELLUCID_CLI_PROMPT_H_
#define PELLUCID_CLI_PROMPT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.h"
#include "cli/io.h"
#include "cli/json_lines.h"
#include "pellucid/chat.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"

namespace pellucid::cli {

struct PromptOptions {
  std::optional<std::string> text = {}, file = {}, ids = {}, jsonl = {};
  std::string bos = "auto";
  // See cli/chat_prompt.h.
  bool chat = false, no_generation_prompt = false;
  std::optional<std::string> chat_vars = {};

  BosPolicy bos_policy() const;
};

// TEXT, --file, --ids, --jsonl and --bos.
void AddPromptOptions(Arguments& arguments, PromptOptions* options);

// A prompt before a tokenizer has seen it.
struct RawPrompt {
  std::optional<std::string> text;  // empty: ids
  std::vector<TokenId> ids;
  std::string source;  // for messages: "prompt", or the file's name
  std::vector<TokenTurn> turns = {};  // of a conversation, once it is encoded
};

// Reads the one source that is given, to the byte. Not for --jsonl. kUsage:
// none or several are given; ids that are none; invalid UTF-8. kModel: the
// file cannot be read.
Result<RawPrompt> ReadPrompt(const Arguments& arguments,
                             const PromptOptions& options, Io& io);

// kUsage: none or several of TEXT, --file, --ids, --jsonl are given.
Status CheckOneSource(const Arguments& arguments, const PromptOptions& options);

// "1,2,3"; blanks around a number are allowed. kUsage: anything else.
Result<std::vector<TokenId>> ParseIds(const Arguments& arguments,
                                      std::string_view text);

// The ids that the model reads; those of ids as they are. Warns where the text
// itself begins with BOS. kUsage: no tokens come out. kModel: the model has no
// tokenizer.
Result<std::vector<TokenId>> EncodePrompt(const Arguments& arguments,
                                          const RawPrompt& prompt,
                                          BosPolicy bos, const Model& model,
                                          Io& io);

// Standard input for "-", else the file. The source lives as long as `io` and
// `*owned`.
Result<Source*> OpenInput(const std::string& path, Io& io,
                          std::unique_ptr<Source>* owned);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_PROMPT_H_
