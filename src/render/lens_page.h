// A lens as the page reads it (docs/page.md): what is known of a run before its
// cells, cells by blocks of positions in packed arrays, and what is known at
// the end. A file holds them one after another, a server sends them as they
// come. Each function writes members of an object that is open.
#ifndef PELLUCID_RENDER_LENS_PAGE_H_
#define PELLUCID_RENDER_LENS_PAGE_H_

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "render/json_writer.h"
#include "render/lens_report.h"
#include "render/token_texts.h"

namespace pellucid::render {

// What a page says of tokens. `bytes` gives Tokenizer::TokenBytes; it is
// written where it differs from the text.
struct PageTokens {
  TokenTexts texts;
  TokenTexts bytes;
};

// Those of `tokenizer`, as TextsOf. Inline, so that only callers link it.
inline PageTokens PageTokensOf(const Tokenizer* tokenizer) {
  if (tokenizer == nullptr) return {};
  return {TextsOf(tokenizer),
          [tokenizer](TokenId id) { return tokenizer->TokenBytes(id); }};
}

// "label" to "blocks", that last one as the key of a value to come. Of the lens
// it reads ids, rows without their cells, and targets; `positions` are those
// of all blocks.
void WritePageRun(const LensReport& report, std::optional<std::string> label,
                  const std::vector<std::size_t>& positions, JsonWriter& json);

// The members of one block: all cells of `lens`, which must have been computed
// with FollowFinal::kEach. Texts of tokens that are in `named` are left out;
// those written are added.
void WritePageBlock(const Lens& lens, const PageTokens& tokens,
                    std::set<TokenId>* named, JsonWriter& json);

// "summary", "target_layers" where there are targets, "checks", "timing".
void WritePageEnd(const LensReport& report, JsonWriter& json);

// A whole run as one value: the above, all cells in one block.
void WritePageLens(const LensReport& report, const PageTokens& tokens,
                   std::optional<std::string> label, JsonWriter& json);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_LENS_PAGE_H_
