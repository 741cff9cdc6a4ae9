#include "tokenizer/gguf_loader.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/quote.h"
#include "fmt/format.h"
#include "tokenizer/gguf_pre.h"
#include "tokenizer/gguf_vocabulary.h"
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

std::string WithMarks(std::string_view token) {
  std::string marked;
  for (const char c : token) {
    if (c == ' ') {
      marked.append(kSpaceMark);
    } else {
      marked += c;
    }
  }
  return marked;
}

// Types of tokenizer.ggml.token_type that are no normal tokens.
enum TokenType : std::int64_t {
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5
};

// Gathers the strings of the tokens, flags and added tokens from the types. In
// byte-level BPE and WordPiece an added token is none of the model; in
// SentencePiece it is that too, and one of the user's has lost its marks.
Status ReadTypes(const GgufFile& file, std::string_view model,
                 std::vector<std::string_view>& tokens,
                 std::deque<std::string>& marked, TokenizerSpec& spec) {
  const bool pieces = model == "llama" || model == "t5";
  spec.flags.assign(tokens.size(), kModelToken);
  if (!file.Has(kTypesKey)) return {};
  PELLUCID_ASSIGN_OR_RETURN(const auto types, file.Integers(kTypesKey));
  if (types.size() != tokens.size()) {
    return Damaged(file, fmt::format("{} token types for {} tokens",
                                     types.size(), tokens.size()));
  }
  for (std::size_t i = 0; i < types.size(); ++i) {
    const bool is_special =
        types[i] == kControl || (pieces && types[i] == kUnknown);
    if (!pieces && types[i] == kUnused) spec.flags[i] = 0;
    if (!is_special && types[i] != kUserDefined) continue;
    if (!pieces) spec.flags[i] = 0;
    if (pieces && !is_special) {
      tokens[i] = marked.emplace_back(WithMarks(tokens[i]));
    }
    spec.added.push_back({.content = std::string(tokens[i]),
                          .id = static_cast<TokenId>(i),
                          .special = is_special});
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
  for (const std::string_view known : {"gpt2", "llama", "t5", "bert"}) {
    if (model == known) return {};
  }
  return Unsupported(file, fmt::format("{} is \"{}\"", kModelKey, Quote(model)),
                     "gpt2, llama, t5, bert");
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

// What a file's model adds to a text where its keys do not say.
struct TemplateDefaults {
  bool bos = false, eos = false;
};

// BOS and EOS: the keys, else the defaults where the file names such tokens at
// all.
Status ReadTemplate(const GgufFile& file, TemplateDefaults defaults,
                    TokenizerSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(spec.bos,
                            ReadId(file, "tokenizer.ggml.bos_token_id"));
  PELLUCID_ASSIGN_OR_RETURN(spec.eos,
                            ReadId(file, "tokenizer.ggml.eos_token_id"));
  PELLUCID_ASSIGN_OR_RETURN(const bool adds_bos,
                            file.Bool("tokenizer.ggml.add_bos_token",
                                      defaults.bos && spec.bos.has_value()));
  PELLUCID_ASSIGN_OR_RETURN(const bool adds_eos,
                            file.Bool("tokenizer.ggml.add_eos_token",
                                      defaults.eos && spec.eos.has_value()));
  constexpr std::string_view kNoToken =
      "it adds {0} to every text, but names no {0} token";
  if (adds_bos && !spec.bos) return Damaged(file, fmt::format(kNoToken, "BOS"));
  if (adds_eos && !spec.eos) return Damaged(file, fmt::format(kNoToken, "EOS"));
  if (adds_bos) spec.before.push_back(*spec.bos);
  if (adds_eos) spec.after.push_back(*spec.eos);
  return {};
}

// BERT frames a text by tokens of its own; the key is misspelt in all files.
Status ReadBertTemplate(const GgufFile& file, TokenizerSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(spec.bos,
                            ReadId(file, "tokenizer.ggml.cls_token_id"));
  PELLUCID_ASSIGN_OR_RETURN(spec.eos,
                            ReadId(file, "tokenizer.ggml.seperator_token_id"));
  if (!spec.bos) {
    PELLUCID_ASSIGN_OR_RETURN(spec.bos,
                              ReadId(file, "tokenizer.ggml.bos_token_id"));
  }
  if (spec.bos) spec.before.push_back(*spec.bos);
  if (spec.eos) spec.after.push_back(*spec.eos);
  return {};
}

// Byte-level BPE, and its kin that `pre` names. `merges` is filled.
Status FillBpe(const GgufFile& file, const PreRule& rule,
               std::span<const std::string_view> tokens,
               std::vector<MergePair>& merges, TokenizerSpec& spec) {
  spec.kind = fmt::format("bpe ({})", rule.name);
  PELLUCID_ASSIGN_OR_RETURN(spec.pre_tokenizer, PreTokenizerOf(rule));
  if (rule.nfc) {
    spec.normalizer = Normalizer({MakeNormalFormStep(NormalForm::kNfc)});
  }
  if (rule.byte_level) spec.decoder = Decoder({MakeByteLevelDecoder()});
  spec.bpe.ignore_merges = rule.ignore_merges;
  spec.vocabulary = Vocabulary(tokens);
  PELLUCID_ASSIGN_OR_RETURN(const auto lines,
                            file.Strings("tokenizer.ggml.merges"));
  PELLUCID_ASSIGN_OR_RETURN(merges, SplitMergeLines(lines, file.name()));
  spec.merges = merges;
  return ReadTemplate(file, {.bos = rule.adds_bos}, spec);
}

// What `model`, which is not "gpt2", says of the file's tokens.
Status FillModel(const GgufFile& file, std::string_view model,
                 std::span<const std::string_view> tokens,
                 TokenizerSpec& spec) {
  if (model == "llama") {
    spec.kind = "bpe (byte fallback)";
    PELLUCID_RETURN_IF_ERROR(FillSentencePiece(file, tokens, spec));
    return ReadTemplate(file, {.bos = true}, spec);
  }
  if (model == "t5") {
    spec.kind = "unigram";
    PELLUCID_RETURN_IF_ERROR(FillUnigram(file, tokens, spec));
    return ReadTemplate(file, {.eos = true}, spec);
  }
  spec.kind = "wordpiece";
  PELLUCID_RETURN_IF_ERROR(FillWordPiece(file, tokens, spec));
  return ReadBertTemplate(file, spec);
}

}  // namespace

Result<std::optional<Tokenizer>> LoadTokenizer(const GgufFile& file) {
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view model,
                            file.String(kModelKey, "none"));
  if (model == "none" || model == "no_vocab") return std::optional<Tokenizer>();
  PELLUCID_RETURN_IF_ERROR(CheckModel(file, model));
  const PreRule* rule = nullptr;  // of byte-level BPE
  if (model == "gpt2") {
    PELLUCID_ASSIGN_OR_RETURN(rule, ReadPre(file));
  }
  TokenizerSpec spec;
  spec.name = file.name();
  PELLUCID_ASSIGN_OR_RETURN(const auto strings,
                            file.Strings("tokenizer.ggml.tokens"));
  if (strings.size() > Vocabulary::kMaxTokens) {
    return Damaged(file, fmt::format("{} tokens, at most {} are supported",
                                     strings.size(), Vocabulary::kMaxTokens));
  }
  if (strings.empty()) return Damaged(file, "it has no tokens");
  std::vector<std::string_view> tokens(strings.begin(), strings.end());
  std::deque<std::string> marked;
  PELLUCID_RETURN_IF_ERROR(ReadTypes(file, model, tokens, marked, spec));
  std::vector<MergePair> merges;
  PELLUCID_RETURN_IF_ERROR(rule != nullptr
                               ? FillBpe(file, *rule, tokens, merges, spec)
                               : FillModel(file, model, tokens, spec));
  PELLUCID_ASSIGN_OR_RETURN(Tokenizer tokenizer,
                            MakeTokenizer(std::move(spec)));
  return std::optional<Tokenizer>(std::move(tokenizer));
}

}  // namespace pellucid
