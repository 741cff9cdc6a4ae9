#include "pellucid/tokenizer.h"

#include <utility>

#include "base/out_of_memory.h"
#include "base/utf8.h"
#include "fmt/format.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/nfc.h"
#include "tokenizer/tokenizer_impl.h"

namespace pellucid {
namespace {

// Symbols are counted in 31 bits, and NFC can make three bytes of one.
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

}  // namespace

Tokenizer::Tokenizer(std::shared_ptr<const Impl> impl)
    : impl_(std::move(impl)) {}

bool Tokenizer::Impl::IsToken(TokenId id) const {
  return id >= 0 && static_cast<std::size_t>(id) < kinds.size() &&
         kinds[static_cast<std::size_t>(id)] != TokenKind::kUnused;
}

bool Tokenizer::Impl::IsAdded(TokenId id) const {
  const TokenKind token_kind = kinds[static_cast<std::size_t>(id)];
  return token_kind == TokenKind::kControl ||
         token_kind == TokenKind::kUserDefined;
}

void Tokenizer::Impl::EncodeSegment(std::string_view text,
                                    std::vector<TokenId>& ids) const {
  std::string storage;
  PieceCursor cursor(pattern, nfc ? Nfc(text, storage) : text);
  for (std::string_view piece; cursor.Next(piece);) {
    if (ignore_merges) {
      const auto whole = bpe.WholePiece(piece);
      if (whole && IsToken(*whole) && !IsAdded(*whole)) {
        ids.push_back(*whole);
        continue;
      }
    }
    bpe.Encode(piece, ids);
  }
}

Result<Encoding> Tokenizer::Encode(std::string_view text,
                                   const EncodeOptions& options) const {
  return CatchOutOfMemory("tokenize", [&]() -> Result<Encoding> {
    PELLUCID_RETURN_IF_ERROR(CheckText(text));
    const bool with_template = options.add_special_tokens;
    if (with_template && options.bos == BosPolicy::kAlways && !impl_->bos) {
      return UsageError(
          fmt::format("tokenize: {}: a BOS token is asked for, but the "
                      "vocabulary has none; ask for auto or never",
                      impl_->name));
    }
    const bool add_bos =
        with_template && (options.bos == BosPolicy::kAlways ||
                          (options.bos == BosPolicy::kAuto && impl_->adds_bos));
    Encoding encoding;
    std::vector<TokenId>& ids = encoding.ids;
    ids.reserve(text.size() / 3 + 2);  // prose has 4 to 5 bytes a token
    if (add_bos) ids.push_back(*impl_->bos);
    std::size_t at = 0;
    for (const AddedTokens::Match& match : impl_->added.Find(text)) {
      impl_->EncodeSegment(text.substr(at, match.begin - at), ids);
      ids.push_back(match.id);
      at = match.end;
    }
    impl_->EncodeSegment(text.substr(at), ids);
    if (add_bos && options.avoid_double_bos && ids.size() > 1 &&
        ids[1] == *impl_->bos) {
      ids.erase(ids.begin());
      encoding.suppressed_double_bos = true;
    }
    if (with_template && impl_->adds_eos) ids.push_back(*impl_->eos);
    return encoding;
  });
}

std::string Tokenizer::Decode(std::span<const TokenId> ids,
                              bool skip_special_tokens) const {
  std::string bytes;
  for (const TokenId id : ids) {
    if (!impl_->IsToken(id)) continue;
    if (skip_special_tokens &&
        impl_->kinds[static_cast<std::size_t>(id)] == TokenKind::kControl) {
      continue;
    }
    // HF's decoder makes no difference between added tokens and others: one
    // that is spelt in the alphabet by chance is read so (formats 6.12.8).
    const std::string_view text = impl_->bpe.vocabulary().Text(id);
    if (!AppendAlphabetBytes(text, bytes)) bytes.append(text);
  }
  return LossyUtf8(bytes);
}

std::string Tokenizer::TokenBytes(TokenId id) const {
  if (!impl_->IsToken(id)) return {};
  const std::string_view text = impl_->bpe.vocabulary().Text(id);
  std::string bytes;
  if (impl_->IsAdded(id) || !AppendAlphabetBytes(text, bytes)) bytes = text;
  return bytes;
}

std::string Tokenizer::TokenText(TokenId id) const {
  if (!impl_->IsToken(id)) return fmt::format("<id:{}>", id);
  return ShowBytes(TokenBytes(id));
}

std::optional<TokenId> Tokenizer::FindToken(std::string_view bytes) const {
  std::string spelt;
  AppendAlphabet(bytes, spelt);
  for (const std::string_view text : {bytes, std::string_view(spelt)}) {
    const auto id = impl_->bpe.vocabulary().Find(text);
    if (id && impl_->IsToken(*id) && TokenBytes(*id) == bytes) return id;
  }
  return std::nullopt;
}

std::size_t Tokenizer::VocabSize() const { return impl_->kinds.size(); }

std::optional<TokenId> Tokenizer::BosId() const { return impl_->bos; }

std::optional<TokenId> Tokenizer::EosId() const { return impl_->eos; }

bool Tokenizer::AddsBos() const { return impl_->adds_bos; }

const std::string& Tokenizer::Kind() const { return impl_->kind; }

}  // namespace pellucid
