// Where a text is among the tokens of a prompt: people name parts of prompts,
// runs know positions.
#ifndef PELLUCID_MODEL_TOKEN_SPAN_H_
#define PELLUCID_MODEL_TOKEN_SPAN_H_

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "pellucid/result.h"
#include "pellucid/tokenizer.h"

namespace pellucid {

// Positions, rising, of the tokens that hold bytes of the first occurrence of
// `text` in the text of `ids` [tokens]. kUsage: an empty text, or none that
// occurs.
Result<std::vector<std::size_t>> TokensOfText(const Tokenizer& tokenizer,
                                              std::span<const TokenId> ids,
                                              std::string_view text);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_TOKEN_SPAN_H_
