// Which part of a rendered conversation is whose.
//
// Three sources, the surest first: which round of a loop over the messages
// wrote it; which bytes come out of a message's own strings (jinja/text.h);
// what the same conversation gives without a generation prompt. Rendering
// growing prefixes of the conversation, as others do, fails on templates that
// look ahead or refuse half a conversation.
#ifndef PELLUCID_TOKENIZER_CHAT_TURNS_H_
#define PELLUCID_TOKENIZER_CHAT_TURNS_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/chat.h"
#include "tokenizer/jinja/interpreter.h"

namespace pellucid {

// `roles` [messages]; the marks and rounds of `rendering` have the number of
// the message as their origin. `answer` is where the generation prompt begins:
// the text's size where there is none. `bos` may be empty.
std::vector<ChatTurn> FindTurns(const jinja::Rendering& rendering,
                                std::span<const std::string> roles,
                                std::size_t answer, std::string_view bos);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_CHAT_TURNS_H_
