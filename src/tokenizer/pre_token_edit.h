// How steps of a pre-tokenizer change their pieces: cut them, or write them
// anew.
#ifndef PELLUCID_TOKENIZER_PRE_TOKEN_EDIT_H_
#define PELLUCID_TOKENIZER_PRE_TOKEN_EDIT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/pre_tokenizer.h"

namespace pellucid {

// Replaces each piece by what cut(piece, pieces) appends.
template <typename Cut>
Status CutEach(PreTokens& tokens, const Cut& cut) {
  if (tokens.pieces.empty()) return {};
  const char* begin = tokens.pieces.front().data();
  std::vector<std::string_view> pieces;
  pieces.reserve(tokens.pieces.size());
  for (const std::string_view piece : tokens.pieces) {
    PELLUCID_RETURN_IF_ERROR(cut(piece, pieces));
  }
  tokens.at_start &= !pieces.empty() && pieces.front().data() == begin;
  tokens.pieces = std::move(pieces);
  return {};
}

// Replaces each piece by the text that append(piece, storage) appends.
template <typename Append>
void RewriteEach(PreTokens& tokens, const Append& append) {
  std::string storage;
  std::vector<std::size_t> ends;
  ends.reserve(tokens.pieces.size());
  for (const std::string_view piece : tokens.pieces) {
    append(piece, storage);
    ends.push_back(storage.size());
  }
  tokens.storage = std::move(storage);
  std::size_t begin = 0;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    tokens.pieces[i] =
        std::string_view(tokens.storage).substr(begin, ends[i] - begin);
    begin = ends[i];
  }
}

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_PRE_TOKEN_EDIT_H_
