// The text of a token, without a tokenizer: results hold ids only, and
// rendering never touches a model.
#ifndef PELLUCID_RENDER_TOKEN_TEXTS_H_
#define PELLUCID_RENDER_TOKEN_TEXTS_H_

#include <functional>
#include <optional>
#include <string>

#include "pellucid/tokenizer.h"

namespace pellucid::render {

// Gives a token's text as Tokenizer::TokenText does, or nothing where it has
// none. An empty function: no token has a text.
using TokenTexts = std::function<std::optional<std::string>(TokenId)>;

// The texts of `tokenizer`, which must outlive what is returned; null: a model
// without a tokenizer. Inline, so that only callers link the tokenizer.
inline TokenTexts TextsOf(const Tokenizer* tokenizer) {
  if (tokenizer == nullptr) return {};
  return [tokenizer](TokenId id) { return tokenizer->TokenText(id); };
}

// The text for a file: null where there is none.
std::optional<std::string> TextOf(const TokenTexts& texts, TokenId id);

// The text for people: "<id:504>" where there is none.
std::string TextOrId(const TokenTexts& texts, TokenId id);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_TOKEN_TEXTS_H_
