#include "tokenizer/hf_spec.h"

#include <algorithm>
#include <utility>

#include "base/quote.h"
#include "fmt/format.h"
#include "tokenizer/tokenizer_impl.h"

namespace pellucid {
namespace {

std::string KindOf(const HfModel& model, const PreTokenizer& pre) {
  switch (model.type) {
    case HfModelType::kUnigram:
      return "unigram";
    case HfModelType::kWordPiece:
      return "wordpiece";
    case HfModelType::kWordLevel:
      return "wordlevel";
    case HfModelType::kBpe:
      break;
  }
  if (pre.last) return fmt::format("bpe ({})", NameOf(*pre.last));
  if (model.options.byte_fallback) return "bpe (byte fallback)";
  return "bpe (own pattern)";
}

// Null: BPE, which MakeTokenizer makes.
PieceModelPtr MakeModel(HfModel& model) {
  switch (model.type) {
    case HfModelType::kUnigram:
      return std::make_shared<Unigram>(std::move(model.vocabulary),
                                       std::move(model.scores), model.unigram);
    case HfModelType::kWordPiece:
      return std::make_shared<WordPiece>(std::move(model.vocabulary),
                                         std::move(model.word_piece));
    case HfModelType::kWordLevel:
      return std::make_shared<WordLevel>(std::move(model.vocabulary),
                                         model.word_piece.unknown);
    case HfModelType::kBpe:
      break;
  }
  return nullptr;
}

// `id` where it is a token.
std::optional<std::int64_t> IfToken(std::optional<std::int64_t> id,
                                    const TokenizerSpec& spec) {
  if (!id || *id < 0) return std::nullopt;
  const auto i = static_cast<std::size_t>(*id);
  const bool of_model = i < spec.flags.size() && spec.flags[i] != 0;
  const bool added =
      std::any_of(spec.added.begin(), spec.added.end(),
                  [&](const AddedEntry& entry) { return entry.id == *id; });
  return of_model || added ? id : std::nullopt;
}

}  // namespace

Result<Tokenizer> MakeHfTokenizer(HfSpec from) {
  TokenizerSpec spec;
  spec.name = Quote(from.name);
  spec.kind = KindOf(from.model, from.pre_tokenizer);
  spec.model = MakeModel(from.model);
  spec.vocabulary = std::move(from.model.vocabulary);
  spec.flags = std::move(from.model.flags);
  for (const AddedEntry& entry : from.added) {
    const auto ids = static_cast<std::size_t>(entry.id) + 1;
    spec.flags.resize(std::max(spec.flags.size(), ids), 0);
  }
  spec.merges = from.model.merges;
  spec.bpe = std::move(from.model.options);
  spec.added = std::move(from.added);
  spec.normalizer = std::move(from.normalizer);
  spec.pre_tokenizer = std::move(from.pre_tokenizer);
  spec.decoder = std::move(from.decoder);
  spec.bos = from.bos;
  spec.eos = from.eos;
  if (!spec.bos && from.text.before.size() == 1) spec.bos = from.text.before[0];
  if (!spec.eos && from.text.after.size() == 1) spec.eos = from.text.after[0];
  if (!spec.bos) spec.bos = IfToken(from.model_bos, spec);
  if (!spec.eos) spec.eos = IfToken(from.model_eos, spec);
  spec.before = std::move(from.text.before);
  spec.after = std::move(from.text.after);
  return MakeTokenizer(std::move(spec));
}

}  // namespace pellucid
