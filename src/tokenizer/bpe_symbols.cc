#include "tokenizer/bpe_symbols.h"

#include <utility>

#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"

namespace pellucid {

// Writes symbols, and the unknown ones among them. As upstream an unknown token
// is written when the next known one comes, so that tokens of bytes between
// stand before it.
class BpeSymbols::Writer {
 public:
  Writer(const BpeSymbols& symbols, std::vector<TokenId>& out)
      : symbols_(symbols), out_(out) {}

  void Add(TokenId id) {
    Flush();
    out_.push_back(id);
  }

  // Of a symbol without a token, spelt so.
  bool AddUnknown(std::string_view text) {
    const BpeOptions& options = symbols_.options_;
    if (options.byte_fallback && symbols_.fallback_.Append(text, out_)) {
      return true;
    }
    if (!options.unknown) return true;
    if (symbols_.unknown_ < 0) return false;
    if (waits_ && !options.fuse_unknown) out_.push_back(symbols_.unknown_);
    waits_ = true;
    return true;
  }

  void Flush() {
    if (waits_) out_.push_back(symbols_.unknown_);
    waits_ = false;
  }

 private:
  const BpeSymbols& symbols_;
  std::vector<TokenId>& out_;
  bool waits_ = false;  // an unknown token
};

BpeSymbols::BpeSymbols(const Vocabulary& vocabulary, BpeOptions options)
    : options_(std::move(options)) {
  if (options_.unknown) {
    unknown_ = vocabulary.Find(*options_.unknown).value_or(-1);
  }
  if (options_.byte_fallback) fallback_ = ByteTokens(vocabulary);
  for (unsigned byte = 0; byte < byte_tokens_.size(); ++byte) {
    std::string text;
    AppendUtf8(ByteCharacter(static_cast<std::uint8_t>(byte)), text);
    byte_tokens_[byte] = vocabulary.Find(text).value_or(-1);
  }
  if (options_.byte_level) return;
  direct_.resize(kDirect);
  for (char32_t code = 0; code < kDirect; ++code) {
    std::string text;
    AppendUtf8(code, text);
    direct_[code] = vocabulary.Find(text).value_or(-1);
  }
}

bool BpeSymbols::Append(const Vocabulary& vocabulary, std::string_view piece,
                        std::vector<TokenId>& out) const {
  Writer writer(*this, out);
  if (!options_.byte_level) {
    if (!AppendCharacters(vocabulary, piece, writer)) return false;
    writer.Flush();
    return true;
  }
  for (const char byte : piece) {
    const TokenId id = OfByte(static_cast<std::uint8_t>(byte));
    if (id >= 0) {
      writer.Add(id);
    } else if (!writer.AddUnknown({&byte, 1})) {
      return false;
    }
  }
  writer.Flush();
  return true;
}

bool BpeSymbols::AppendCharacters(const Vocabulary& vocabulary,
                                  std::string_view piece,
                                  Writer& writer) const {
  const bool plain = options_.prefix.empty() && options_.suffix.empty();
  std::string spelt;
  for (std::size_t at = 0; at < piece.size();) {
    const Utf8Char c = DecodeUtf8(piece, at);
    std::string_view text = piece.substr(at, c.bytes);
    TokenId id = -1;
    if (plain) {
      id = OfCharacter(vocabulary, text, c.code);
    } else {
      spelt = at > 0 ? options_.prefix : std::string();
      spelt.append(text);
      if (at + c.bytes == piece.size()) spelt.append(options_.suffix);
      text = spelt;
      id = vocabulary.Find(text).value_or(-1);
    }
    if (id >= 0) {
      writer.Add(id);
    } else if (!writer.AddUnknown(text)) {
      return false;
    }
    at += c.bytes;
  }
  return true;
}

}  // namespace pellucid
