#include "pellucid/tokenizer.h"

#include <utility>

#include "base/out_of_memory.h"
#include "base/utf8.h"
#include "fmt/format.h"
#include "tokenizer/tokenizer_impl.h"

namespace pellucid {
namespace {

// Symbols are counted in 31 bits, and NFC can make three bytes of one; what
// other normalisers make has a limit of its own.
constexpr std::size_t kMaxTextBytes = std::size_t{1} << 29;

Status CheckText(std::string_view text) {
  if (text.size() > kMaxTextBytes) {
    return UsageError(
        fmt::format("tokenize: text: {} bytes, at most {} are "
                    "supported; split the text",
                    text.size(), kMaxTextBytes));
  }
  if (const auto offset = FirstInvalidUtf8(text)) {
    return UsageError(
        fmt::format("tokenize: text: invalid UTF-8 at byte {} (0x{:02X}); "
                    "convert the text to UTF-8",
                    *offset, static_cast<std::uint8_t>(text[*offset])));
  }
  return {};
}

// Gives an error of the tokenizer's steps its operation and object.
Error AtFile(const std::string& name, const Error& error) {
  return {error.code, fmt::format("tokenize: {}: {}; take another text", name,
                                  error.message)};
}

// Calls added(id) and between(text) on what `matches` cut `text` into.
template <typename Added, typename Between>
Status CutOut(std::string_view text,
              std::span<const AddedTokens::Match> matches, const Added& added,
              const Between& between) {
  std::size_t at = 0;
  for (const AddedTokens::Match& match : matches) {
    if (at < match.begin) {
      PELLUCID_RETURN_IF_ERROR(between(text.substr(at, match.begin - at)));
    }
    added(match.id);
    at = match.end;
  }
  return at < text.size() ? between(text.substr(at)) : Status();
}

// The template's ids before the text as `policy` wants them, if there is one.
std::vector<TokenId> BeforeText(const Tokenizer::Impl& impl, BosPolicy policy) {
  std::vector<TokenId> before = impl.before;
  if (policy == BosPolicy::kNever && impl.AddsBos()) {
    before.erase(before.begin());
  } else if (policy == BosPolicy::kAlways && !impl.AddsBos()) {
    before.insert(before.begin(), *impl.bos);
  }
  return before;
}

}  // namespace

Tokenizer::Tokenizer(std::shared_ptr<const Impl> impl)
    : impl_(std::move(impl)) {}

Status Tokenizer::Impl::EncodeRaw(std::string_view text, bool at_start,
                                  TextBudget& budget,
                                  std::vector<TokenId>& ids) const {
  Normalizer::Scratch scratch;
  PELLUCID_ASSIGN_OR_RETURN(
      const std::string_view normal,
      normalizer.Apply(text, scratch, budget, at_start ? &at_start : nullptr));
  return CutOut(
      normal, added.normalized().Find(normal),
      [&](TokenId id) { ids.push_back(id); },
      [&](std::string_view between) {
        const bool begins = at_start && between.data() == normal.data();
        return EncodeNormalized(between, begins, budget, ids);
      });
}

Status Tokenizer::Impl::EncodeNormalized(std::string_view text, bool at_start,
                                         TextBudget& budget,
                                         std::vector<TokenId>& ids) const {
  bool is_known = true;
  const auto encode = [&](std::string_view piece) {
    if (is_known) is_known = model->Encode(piece, ids);
  };
  PELLUCID_RETURN_IF_ERROR(
      pre_tokenizer.ForEachPiece(text, budget, encode, at_start));
  if (is_known) return {};
  return ModelError(
      "a part of the text has no token, and the unknown token that stands for "
      "such parts is not in the vocabulary");
}

Result<Encoding> Tokenizer::Encode(std::string_view text,
                                   const EncodeOptions& options) const {
  return CatchOutOfMemory("tokenize", [&]() -> Result<Encoding> {
    PELLUCID_RETURN_IF_ERROR(CheckText(text));
    const bool with_template = options.add_special_tokens;
    if (with_template && options.bos == BosPolicy::kAlways && !impl_->bos) {
      return UsageError(
          fmt::format("tokenize: {}: a BOS token is asked for, but the "
                      "model's files name none; ask for auto or never",
                      impl_->name));
    }
    Encoding encoding;
    std::vector<TokenId>& ids = encoding.ids;
    if (with_template) ids = BeforeText(*impl_, options.bos);
    const std::size_t first = ids.size();  // of the text
    ids.reserve(text.size() / 3 + 2);      // prose has 4 to 5 bytes a token
    TextBudget budget(text.size());
    const Status status = CutOut(
        text, impl_->added.raw().Find(text),
        [&](TokenId id) { ids.push_back(id); },
        [&](std::string_view raw) {
          return impl_->EncodeRaw(raw, raw.data() == text.data(), budget, ids);
        });
    if (!status.ok()) return AtFile(impl_->name, status.error());
    if (options.avoid_double_bos && impl_->bos && first > 0 &&
        ids.size() > first && ids[0] == *impl_->bos &&
        ids[first] == *impl_->bos) {
      ids.erase(ids.begin());
      encoding.suppressed_double_bos = true;
    }
    if (with_template) {
      ids.insert(ids.end(), impl_->after.begin(), impl_->after.end());
    }
    return encoding;
  });
}

std::string Tokenizer::Decode(std::span<const TokenId> ids,
                              bool skip_special_tokens) const {
  std::vector<std::string_view> tokens;
  tokens.reserve(ids.size());
  for (const TokenId id : ids) {
    if (impl_->Flags(id) == 0) continue;
    const AddedEntry* entry = impl_->added.Find(id);
    if (entry == nullptr) {
      tokens.push_back(impl_->model->vocabulary().Text(id));
    } else if (!skip_special_tokens || !impl_->added.IsLeftOut(*entry)) {
      tokens.push_back(impl_->added.DecodedText(*entry));
    }
  }
  return impl_->decoder.Decode(tokens);
}

std::string Tokenizer::TokenBytes(TokenId id) const {
  if (impl_->Flags(id) == 0) return {};
  const AddedEntry* entry = impl_->added.Find(id);
  if (entry != nullptr) return entry->content;
  return impl_->decoder.DecodeAlone(impl_->model->vocabulary().Text(id));
}

std::string Tokenizer::TokenText(TokenId id) const {
  if (impl_->Flags(id) == 0) return fmt::format("<id:{}>", id);
  return ShowBytes(TokenBytes(id));
}

std::optional<TokenId> Tokenizer::FindToken(std::string_view bytes) const {
  if (const auto added = impl_->added.FindContent(bytes)) return added;
  for (const std::string& text : impl_->decoder.Spellings(bytes)) {
    const auto id = impl_->model->vocabulary().Find(text);
    if (id && impl_->Flags(*id) != 0 && TokenBytes(*id) == bytes) return id;
  }
  return std::nullopt;
}

std::size_t Tokenizer::VocabSize() const { return impl_->flags.size(); }

std::optional<TokenId> Tokenizer::BosId() const { return impl_->bos; }

std::optional<TokenId> Tokenizer::EosId() const { return impl_->eos; }

bool Tokenizer::AddsBos() const { return impl_->AddsBos(); }

const std::string& Tokenizer::Kind() const { return impl_->kind; }

}  // namespace pellucid
