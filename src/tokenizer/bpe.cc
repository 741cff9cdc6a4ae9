#include "tokenizer/bpe.h"

#include <array>
#include <cstddef>
#include <utility>

#include "base/utf8.h"
#include "tokenizer/bpe_merge.h"
#include "tokenizer/byte_alphabet.h"

namespace pellucid {
namespace {

// Longer words are rarely tokens.
constexpr std::size_t kLongestWord = 64;  // bytes

}  // namespace

Result<std::shared_ptr<const Bpe>> Bpe::Make(Vocabulary vocabulary,
                                             std::span<const MergePair> merges,
                                             const std::string& name,
                                             BpeOptions options) {
  PELLUCID_ASSIGN_OR_RETURN(
      MergeTable table,
      ReadMergePairs(vocabulary, merges, options.prefix.size(), name));
  return std::make_shared<const Bpe>(std::move(vocabulary), std::move(table),
                                     std::move(options));
}

Bpe::Bpe(Vocabulary vocabulary, MergeTable merges, BpeOptions options)
    : vocabulary_(std::move(vocabulary)),
      merges_(std::move(merges)),
      symbols_(vocabulary_, options),
      cuts_(!options.byte_level && options.prefix.empty() &&
            options.suffix.empty()),
      ignore_merges_(options.ignore_merges),
      whole_(std::move(options.whole)),
      reach_(
          std::make_unique<std::atomic<std::uint8_t>[]>(vocabulary_.size())) {
  if (cuts_) pairs_ = CharPairs(vocabulary_);
}

bool Bpe::Encode(std::string_view piece, std::vector<TokenId>& out) const {
  if (ignore_merges_) {
    const auto id = WholePiece(piece);
    const bool counts =
        id && (whole_.empty() || whole_[static_cast<std::size_t>(*id)] != 0);
    if (counts) {
      out.push_back(*id);
      return true;
    }
  }
  if (cuts_) return EncodeCharacters(piece, out);
  std::vector<TokenId> symbols;
  symbols.reserve(piece.size());
  if (!symbols_.Append(vocabulary_, piece, symbols)) return false;
  if (symbols_.byte_level()) {
    EncodeWord(piece, symbols, out);
  } else {
    MergeSymbols(merges_, symbols, out);
  }
  return true;
}

// A word ends where no merge reaches across. Symbols that are no characters,
// bytes and the unknown, may merge with anything.
bool Bpe::EncodeCharacters(std::string_view piece,
                           std::vector<TokenId>& out) const {
  std::vector<TokenId> symbols;
  std::size_t begin = 0;     // of the word
  bool is_plain = true;      // all of it are characters with tokens
  bool after_known = false;  // the character before is one
  char32_t before = 0;
  const auto flush = [&](std::size_t end) {
    const std::string_view word = piece.substr(begin, end - begin);
    begin = end;
    if (is_plain) {
      EncodeWord(word, symbols, out);
    } else {
      symbols.clear();
      if (!symbols_.Append(vocabulary_, word, symbols)) return false;
      MergeSymbols(merges_, symbols, out);
    }
    symbols.clear();
    is_plain = true;
    return true;
  };
  for (std::size_t at = 0; at < piece.size();) {
    const Utf8Char c = DecodeUtf8(piece, at);
    const TokenId id =
        symbols_.OfCharacter(vocabulary_, piece.substr(at, c.bytes), c.code);
    const bool cut = id >= 0 && after_known && !pairs_.MayStand(before, c.code);
    if (cut && !flush(at)) return false;
    after_known = id >= 0;
    is_plain &= after_known;
    if (is_plain) symbols.push_back(id);
    before = c.code;
    at += c.bytes;
  }
  return flush(piece.size());
}

void Bpe::EncodeWord(std::string_view word, std::span<TokenId> symbols,
                     std::vector<TokenId>& out) const {
  if (symbols.size() <= 1) {
    out.insert(out.end(), symbols.begin(), symbols.end());
    return;
  }
  const auto id = word.size() <= kLongestWord ? WholePiece(word) : std::nullopt;
  if (!id) {
    MergeSymbols(merges_, symbols, out);
    return;
  }
  std::atomic<std::uint8_t>& reach = reach_[static_cast<std::size_t>(*id)];
  if (reach.load(std::memory_order_relaxed) == kReached) {
    out.push_back(*id);
    return;
  }
  const std::size_t first = out.size();
  MergeSymbols(merges_, symbols, out);
  const bool reached = out.size() == first + 1 && out.back() == *id;
  // Whoever else looks finds the same.
  reach.store(reached ? kReached : kMissed, std::memory_order_relaxed);
}

std::optional<TokenId> Bpe::WholePiece(std::string_view piece) const {
  if (piece.size() > vocabulary_.LongestText()) return std::nullopt;
  if (!symbols_.byte_level()) return vocabulary_.Find(piece);
  if (piece.size() > kLongestWord) {
    std::string text;
    AppendAlphabet(piece, text);
    return vocabulary_.Find(text);
  }
  std::array<char, 2 * kLongestWord> text;
  return vocabulary_.Find(SpellBytes(piece, text));
}

}  // namespace pellucid
