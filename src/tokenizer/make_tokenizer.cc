// Builds a Tokenizer from what a loader read (tokenizer/tokenizer_impl.h).
#include <memory>
#include <utility>

#include "base/utf8.h"
#include "fmt/format.h"
#include "tokenizer/tokenizer_impl.h"

namespace pellucid {
namespace {

Error Damaged(const TokenizerSpec& spec, std::string_view what) {
  return ModelError(
      fmt::format("open: {}: tokenizer: {}; convert the model "
                  "again",
                  spec.name, what));
}

// The id of BOS or EOS (`what`), if the file names one. `added`: the template
// has it.
Result<std::optional<TokenId>> TemplateToken(const TokenizerSpec& spec,
                                             std::optional<std::int64_t> id,
                                             bool added,
                                             std::string_view what) {
  if (!id && added) {
    return Damaged(spec, fmt::format("it adds {} to every text, but names no "
                                     "{} token",
                                     what, what));
  }
  if (!id) return std::optional<TokenId>();
  if (*id < 0 || static_cast<std::uint64_t>(*id) >= spec.tokens.size()) {
    return Damaged(spec, fmt::format("its {} token is {}, its ids go from 0 to "
                                     "{}",
                                     what, *id, spec.tokens.size() - 1));
  }
  return std::optional<TokenId>(static_cast<TokenId>(*id));
}

// Left out: tokens without bytes, as HF does, and those that are no UTF-8,
// which no valid text contains. Of equal ones the last counts.
Result<std::vector<AddedToken>> CollectAdded(const TokenizerSpec& spec,
                                             const Vocabulary& vocabulary) {
  std::vector<AddedToken> added;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < spec.kinds.size(); ++i) {
    if (spec.kinds[i] != TokenKind::kControl &&
        spec.kinds[i] != TokenKind::kUserDefined) {
      continue;
    }
    const std::string_view text = spec.tokens[i];
    const auto id = static_cast<TokenId>(i);
    if (text.empty() || FirstInvalidUtf8(text)) continue;
    if (vocabulary.Find(text) != id) continue;
    bytes += text.size();
    added.push_back({text, id});
  }
  if (bytes > AddedTokens::kMaxBytes) {
    return Damaged(spec, fmt::format("control and user-defined tokens have {} "
                                     "bytes, at most {} are supported",
                                     bytes, AddedTokens::kMaxBytes));
  }
  return added;
}

}  // namespace

Result<Tokenizer> MakeTokenizer(const TokenizerSpec& spec) {
  if (spec.tokens.empty()) return Damaged(spec, "it has no tokens");
  if (spec.kinds.size() != spec.tokens.size()) {
    return Damaged(spec, fmt::format("{} token types for {} tokens",
                                     spec.kinds.size(), spec.tokens.size()));
  }
  PELLUCID_ASSIGN_OR_RETURN(
      const auto bos, TemplateToken(spec, spec.bos, spec.adds_bos, "BOS"));
  PELLUCID_ASSIGN_OR_RETURN(
      const auto eos, TemplateToken(spec, spec.eos, spec.adds_eos, "EOS"));
  PELLUCID_ASSIGN_OR_RETURN(Bpe bpe,
                            Bpe::Make(spec.tokens, spec.merges, spec.name));
  PELLUCID_ASSIGN_OR_RETURN(const auto added,
                            CollectAdded(spec, bpe.vocabulary()));
  return Tokenizer(std::make_shared<const Tokenizer::Impl>(
      Tokenizer::Impl{.bpe = std::move(bpe),
                      .added = AddedTokens(added),
                      .kinds = spec.kinds,
                      .name = spec.name,
                      .kind = spec.kind,
                      .pattern = spec.pattern,
                      .nfc = spec.nfc,
                      .ignore_merges = spec.ignore_merges,
                      .bos = bos,
                      .eos = eos,
                      .adds_bos = spec.adds_bos,
                      .adds_eos = spec.adds_eos}));
}

}  // namespace pellucid
