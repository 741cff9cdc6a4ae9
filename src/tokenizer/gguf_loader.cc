#include "tokenizer/gguf_loader.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/quote.h"
#include "fmt/format.h"
#include "tokenizer/gguf_pre.h"
#include "tokenizer/tokenizer_impl.h"

namespace pellucid {
namespace {

constexpr std::string_view kModelKey = "tokenizer.ggml.model";
constexpr std::string_view kPreKey = "tokenizer.ggml.pre";
constexpr std::string_view kTypesKey = "tokenizer.ggml.token_type";

Error Unsupported(const GgufFile& file, std::string_view what,
                  std::string_view supported) {
  return ModelError(
      fmt::format("open: {}: unsupported tokenizer: {}; supported: {}",
                  file.name(), what, supported));
}

TokenKind KindOf(std::int64_t type) {
  switch (type) {
    case 3:
      return TokenKind::kControl;
    case 4:
      return TokenKind::kUserDefined;
    case 5:
      return TokenKind::kUnused;
    default:
      return TokenKind::kNormal;
  }
}

// [tokens], or as many as the file has: MakeTokenizer compares.
Result<std::vector<TokenKind>> ReadKinds(const GgufFile& file,
                                         std::size_t tokens) {
  if (!file.Has(kTypesKey)) {
    return std::vector<TokenKind>(tokens, TokenKind::kNormal);
  }
  PELLUCID_ASSIGN_OR_RETURN(const auto types, file.Integers(kTypesKey));
  std::vector<TokenKind> kinds;
  kinds.reserve(types.size());
  for (const std::int64_t type : types) kinds.push_back(KindOf(type));
  return kinds;
}

// An id of any size; MakeTokenizer tests it against the vocabulary.
Result<std::optional<std::int64_t>> ReadId(const GgufFile& file,
                                           std::string_view key) {
  if (!file.Has(key)) return std::optional<std::int64_t>();
  PELLUCID_ASSIGN_OR_RETURN(const std::uint64_t id, file.Unsigned(key));
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  return std::optional(static_cast<std::int64_t>(std::min(id, kMost)));
}

Status CheckModel(const GgufFile& file, std::string_view model) {
  if (model == "gpt2") return {};
  return Unsupported(file, fmt::format("{} is \"{}\"", kModelKey, Quote(model)),
                     "gpt2");
}

Result<const PreRule*> ReadPre(const GgufFile& file) {
  if (!file.Has(kPreKey)) {
    return Unsupported(file, fmt::format("{} is absent", kPreKey),
                       kSupportedPre);
  }
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view pre, file.String(kPreKey));
  const PreRule* rule = FindPreRule(pre);
  if (rule == nullptr) {
    return Unsupported(file, fmt::format("{} is \"{}\"", kPreKey, Quote(pre)),
                       kSupportedPre);
  }
  return rule;
}

// BOS: the key, else the rule of the pre-tokeniser where the file names a BOS
// token at all.
Status ReadTemplate(const GgufFile& file, const PreRule& rule,
                    TokenizerSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(spec.bos,
                            ReadId(file, "tokenizer.ggml.bos_token_id"));
  PELLUCID_ASSIGN_OR_RETURN(spec.eos,
                            ReadId(file, "tokenizer.ggml.eos_token_id"));
  PELLUCID_ASSIGN_OR_RETURN(spec.adds_bos,
                            file.Bool("tokenizer.ggml.add_bos_token",
                                      rule.adds_bos && spec.bos.has_value()));
  PELLUCID_ASSIGN_OR_RETURN(spec.adds_eos,
                            file.Bool("tokenizer.ggml.add_eos_token", false));
  return {};
}

}  // namespace

Result<std::optional<Tokenizer>> LoadTokenizer(const GgufFile& file) {
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view model,
                            file.String(kModelKey, "none"));
  if (model == "none" || model == "no_vocab") return std::optional<Tokenizer>();
  PELLUCID_RETURN_IF_ERROR(CheckModel(file, model));
  PELLUCID_ASSIGN_OR_RETURN(const PreRule* rule, ReadPre(file));

  TokenizerSpec spec;
  spec.name = file.name();
  spec.kind = fmt::format("bpe ({})", rule->name);
  spec.pattern = rule->pattern;
  spec.nfc = rule->nfc;
  spec.ignore_merges = rule->ignore_merges;
  PELLUCID_ASSIGN_OR_RETURN(spec.tokens, file.Strings("tokenizer.ggml.tokens"));
  PELLUCID_ASSIGN_OR_RETURN(spec.merges, file.Strings("tokenizer.ggml.merges"));
  PELLUCID_ASSIGN_OR_RETURN(spec.kinds, ReadKinds(file, spec.tokens.size()));
  PELLUCID_RETURN_IF_ERROR(ReadTemplate(file, *rule, spec));
  PELLUCID_ASSIGN_OR_RETURN(Tokenizer tokenizer, MakeTokenizer(spec));
  return std::optional<Tokenizer>(std::move(tokenizer));
}

}  // namespace pellucid
