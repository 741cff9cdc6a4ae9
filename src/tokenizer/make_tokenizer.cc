// Builds a Tokenizer from what a loader read (tokenizer/tokenizer_impl.h).
#include <memory>
#include <utility>

#include "fmt/format.h"
#include "tokenizer/tokenizer_impl.h"

namespace pellucid {
namespace {

Error Damaged(const TokenizerSpec& spec, std::string_view what) {
  return ModelError(
      fmt::format("open: {}: tokenizer: {}; get the file "
                  "again",
                  spec.name, what));
}

// `id` of the file, called `what` in messages, as a TokenId.
Result<TokenId> CheckId(const TokenizerSpec& spec, std::int64_t id,
                        std::string_view what) {
  if (id < 0 || static_cast<std::uint64_t>(id) >= spec.flags.size()) {
    return Damaged(spec, fmt::format("its {} token is {}, its ids go from 0 to "
                                     "{}",
                                     what, id, spec.flags.size() - 1));
  }
  return static_cast<TokenId>(id);
}

Result<std::optional<TokenId>> CheckOptionalId(const TokenizerSpec& spec,
                                               std::optional<std::int64_t> id,
                                               std::string_view what) {
  if (!id) return std::optional<TokenId>();
  PELLUCID_ASSIGN_OR_RETURN(const TokenId checked, CheckId(spec, *id, what));
  return std::optional(checked);
}

Result<std::vector<TokenId>> CheckIds(const TokenizerSpec& spec,
                                      std::span<const std::int64_t> ids) {
  std::vector<TokenId> checked;
  for (const std::int64_t id : ids) {
    PELLUCID_ASSIGN_OR_RETURN(checked.emplace_back(),
                              CheckId(spec, id, "template's"));
  }
  return checked;
}

// Marks the added tokens. Requires the ids of `spec.added` to be checked.
void MarkAdded(TokenizerSpec& spec) {
  for (const AddedEntry& entry : spec.added) {
    spec.flags[static_cast<std::size_t>(entry.id)] |=
        entry.special ? kAddedToken | kSpecialToken : kAddedToken;
  }
}

// Whether the model can read the bytes of pieces itself, if the pre-tokeniser
// spells them. What BPE does with characters it does with those of the
// alphabet.
bool ReadsBytes(const TokenizerSpec& spec) {
  return spec.model == nullptr && !spec.bpe.byte_fallback &&
         spec.bpe.prefix.empty() && spec.bpe.suffix.empty();
}

Result<PieceModelPtr> MakeBpe(TokenizerSpec& spec) {
  spec.bpe.byte_level = spec.pre_tokenizer.byte_level;
  if (spec.bpe.ignore_merges) {
    spec.bpe.whole = spec.flags;
    spec.bpe.whole.resize(spec.vocabulary.size(), 0);
  }
  if (spec.merge_table) {
    return PieceModelPtr(std::make_shared<Bpe>(std::move(spec.vocabulary),
                                               *std::move(spec.merge_table),
                                               std::move(spec.bpe)));
  }
  PELLUCID_ASSIGN_OR_RETURN(
      auto bpe, Bpe::Make(std::move(spec.vocabulary), spec.merges, spec.name,
                          std::move(spec.bpe)));
  return PieceModelPtr(std::move(bpe));
}

}  // namespace

Result<Tokenizer> MakeTokenizer(TokenizerSpec spec) {
  if (spec.flags.empty()) return Damaged(spec, "it has no tokens");
  PELLUCID_ASSIGN_OR_RETURN(const auto bos,
                            CheckOptionalId(spec, spec.bos, "BOS"));
  PELLUCID_ASSIGN_OR_RETURN(const auto eos,
                            CheckOptionalId(spec, spec.eos, "EOS"));
  PELLUCID_ASSIGN_OR_RETURN(auto before, CheckIds(spec, spec.before));
  PELLUCID_ASSIGN_OR_RETURN(auto after, CheckIds(spec, spec.after));
  if (!ReadsBytes(spec)) spec.pre_tokenizer.SettleBytes();
  if (spec.model == nullptr) {
    PELLUCID_ASSIGN_OR_RETURN(spec.model, MakeBpe(spec));
  }
  MarkAdded(spec);
  PELLUCID_ASSIGN_OR_RETURN(
      AddedVocabulary added,
      AddedVocabulary::Make(std::move(spec.added), spec.normalizer, spec.name));
  return Tokenizer(std::make_shared<const Tokenizer::Impl>(
      Tokenizer::Impl{.model = std::move(spec.model),
                      .added = std::move(added),
                      .flags = std::move(spec.flags),
                      .name = std::move(spec.name),
                      .kind = std::move(spec.kind),
                      .normalizer = std::move(spec.normalizer),
                      .pre_tokenizer = std::move(spec.pre_tokenizer),
                      .decoder = std::move(spec.decoder),
                      .before = std::move(before),
                      .after = std::move(after),
                      .bos = bos,
                      .eos = eos}));
}

}  // namespace pellucid
