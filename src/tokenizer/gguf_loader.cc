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
#include "tokenizer/merge_lines.h"
#include "tokenizer/tokenizer_impl.h"

namespace pellucid {
namespace {

constexpr std::string_view kModelKey = "tokenizer.ggml.model";
constexpr std::string_view kPreKey = "tokenizer.ggml.pre";
constexpr std::string_view kTypesKey = "tokenizer.ggml.token_type";

Error Damaged(const GgufFile& file, std::string_view what) {
  return ModelError(fmt::format("open: {}: tokenizer: {}; get the file again",
                                file.name(), what));
}

Error Unsupported(const GgufFile& file, std::string_view what,
                  std::string_view supported) {
  return ModelError(
      fmt::format("open: {}: unsupported tokenizer: {}; supported: {}",
                  file.name(), what, supported));
}

// Types of tokenizer.ggml.token_type that are no normal tokens.
enum TokenType : std::int64_t { kControl = 3, kUserDefined = 4, kUnused = 5 };

// Fills flags and added tokens from the token types.
Status ReadTypes(const GgufFile& file, std::span<const std::string_view> tokens,
                 TokenizerSpec& spec) {
  spec.flags.assign(tokens.size(), kModelToken);
  if (!file.Has(kTypesKey)) return {};
  PELLUCID_ASSIGN_OR_RETURN(const auto types, file.Integers(kTypesKey));
  if (types.size() != tokens.size()) {
    return Damaged(file, fmt::format("{} token types for {} tokens",
                                     types.size(), tokens.size()));
  }
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i] == kUnused) spec.flags[i] = 0;
    if (types[i] != kControl && types[i] != kUserDefined) continue;
    spec.flags[i] = 0;
    spec.added.push_back({.content = std::string(tokens[i]),
                          .id = static_cast<TokenId>(i),
                          .special = types[i] == kControl});
  }
  return {};
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
  PELLUCID_ASSIGN_OR_RETURN(const bool adds_bos,
                            file.Bool("tokenizer.ggml.add_bos_token",
                                      rule.adds_bos && spec.bos.has_value()));
  PELLUCID_ASSIGN_OR_RETURN(const bool adds_eos,
                            file.Bool("tokenizer.ggml.add_eos_token", false));
  constexpr std::string_view kNoToken =
      "it adds {0} to every text, but names no {0} token";
  if (adds_bos && !spec.bos) return Damaged(file, fmt::format(kNoToken, "BOS"));
  if (adds_eos && !spec.eos) return Damaged(file, fmt::format(kNoToken, "EOS"));
  if (adds_bos) spec.before.push_back(*spec.bos);
  if (adds_eos) spec.after.push_back(*spec.eos);
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
  spec.pre_tokenizer = {.steps = {}, .last = rule->pattern, .byte_level = true};
  if (rule->nfc) {
    spec.normalizer = Normalizer({MakeNormalFormStep(NormalForm::kNfc)});
  }
  spec.ignore_merges = rule->ignore_merges;
  PELLUCID_ASSIGN_OR_RETURN(const auto tokens,
                            file.Strings("tokenizer.ggml.tokens"));
  if (tokens.size() > Vocabulary::kMaxTokens) {
    return Damaged(file, fmt::format("{} tokens, at most {} are supported",
                                     tokens.size(), Vocabulary::kMaxTokens));
  }
  spec.vocabulary = Vocabulary(tokens);
  PELLUCID_ASSIGN_OR_RETURN(const auto lines,
                            file.Strings("tokenizer.ggml.merges"));
  PELLUCID_ASSIGN_OR_RETURN(const auto merges,
                            SplitMergeLines(lines, file.name()));
  spec.merges = merges;
  PELLUCID_RETURN_IF_ERROR(ReadTypes(file, tokens, spec));
  PELLUCID_RETURN_IF_ERROR(ReadTemplate(file, *rule, spec));
  PELLUCID_ASSIGN_OR_RETURN(Tokenizer tokenizer,
                            MakeTokenizer(std::move(spec)));
  return std::optional<Tokenizer>(std::move(tokenizer));
}

}  // namespace pellucid
