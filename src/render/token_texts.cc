#include "render/token_texts.h"

#include <fmt/format.h>

namespace pellucid::render {

std::optional<std::string> TextOf(const TokenTexts& texts, TokenId id) {
  return texts ? texts(id) : std::nullopt;
}

std::string TextOrId(const TokenTexts& texts, TokenId id) {
  std::optional<std::string> text = TextOf(texts, id);
  return text ? *std::move(text) : fmt::format("<id:{}>", id);
}

}  // namespace pellucid::render
