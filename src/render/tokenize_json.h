// What `pellucid tokenize` answers: one object for a text, or a line a record.
// Ids and texts are those of Hugging Face; nothing is added here.
#ifndef PELLUCID_RENDER_TOKENIZE_JSON_H_
#define PELLUCID_RENDER_TOKENIZE_JSON_H_

#include <span>
#include <string>
#include <string_view>

#include "render/json_writer.h"
#include "render/token_texts.h"

namespace pellucid::render {

// Writes {"ids": [...], "tokens": [{"id", "text"}, ...]} and a line feed.
void WriteTokenizeJson(std::span<const TokenId> ids, const TokenTexts& texts,
                       JsonStyle style, const TextSink& sink);

// "[504,3575]\n": a record of `tokenize --jsonl`.
std::string IdsJsonLine(std::span<const TokenId> ids);

// "\"The capital\"\n": a record of `tokenize --decode --jsonl`.
std::string TextJsonLine(std::string_view text);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_TOKENIZE_JSON_H_
