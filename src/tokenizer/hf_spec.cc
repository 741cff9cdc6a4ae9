#include "tokenizer/hf_spec.h"

#include <algorithm>
#include <utility>

#include "base/quote.h"
#include "fmt/format.h"
#include "tokenizer/tokenizer_impl.h"

namespace pellucid {
namespace {

std::string KindOf(const PreTokenizer& pre) {
  return fmt::format("bpe ({})", pre.last ? NameOf(*pre.last) : "own pattern");
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
  spec.kind = KindOf(from.pre_tokenizer);
  spec.vocabulary = std::move(from.model.vocabulary);
  spec.flags = std::move(from.model.flags);
  for (const AddedEntry& entry : from.added) {
    const auto ids = static_cast<std::size_t>(entry.id) + 1;
    spec.flags.resize(std::max(spec.flags.size(), ids), 0);
  }
  spec.merges = from.model.merges;
  spec.bpe = std::move(from.model.options);
  spec.ignore_merges = from.model.ignore_merges;
  spec.added = std::move(from.added);
  spec.normalizer = std::move(from.normalizer);
  spec.pre_tokenizer = std::move(from.pre_tokenizer);
  spec.decoder = from.decoder;
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
