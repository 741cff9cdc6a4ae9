// Finds the chat template in the files of a model, and the special tokens that
// it may name (bos_token, eos_token, ...).
#ifndef PELLUCID_TOKENIZER_CHAT_FILES_H_
#define PELLUCID_TOKENIZER_CHAT_FILES_H_

#include <string>

#include "formats/gguf.h"
#include "pellucid/chat.h"
#include "pellucid/result.h"

namespace pellucid {

// Of a folder, as transformers 5 reads them: chat_template.jinja; else the key
// "chat_template" of tokenizer_config.json, a text or a list of {"name",
// "template"}; else that of chat_template.json. Special tokens are those of
// tokenizer_config.json, over which special_tokens_map.json counts where the
// first lists no added tokens. kModel: there is none; several and none of them
// "default"; damaged; see ChatTemplate::Parse.
Result<ChatTemplate> LoadHfChatTemplate(const std::string& folder);

// tokenizer.chat_template, and the texts of the tokens whose ids the file
// names. kModel as above.
Result<ChatTemplate> LoadGgufChatTemplate(const GgufFile& file);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_CHAT_FILES_H_
