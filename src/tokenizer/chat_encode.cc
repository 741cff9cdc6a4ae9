#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "pellucid/chat.h"

namespace pellucid {
namespace {

// How many of `ids` stand for the first bytes of the text, where the tokens'
// bytes are those of the text: byte-level tokenizers, mostly.
class ByteOffsets {
 public:
  // Nothing: they are not.
  static std::optional<ByteOffsets> Of(const Tokenizer& tokenizer,
                                       std::span<const TokenId> ids,
                                       std::string_view text) {
    ByteOffsets offsets;
    std::size_t at = 0;
    for (const TokenId id : ids) {
      const std::string bytes = tokenizer.TokenBytes(id);
      if (!text.substr(at).starts_with(bytes)) return std::nullopt;
      at += bytes.size();
      offsets.ends_.push_back(at);
    }
    if (at != text.size()) return std::nullopt;
    return offsets;
  }

  std::size_t TokensBefore(std::size_t byte) const {
    return static_cast<std::size_t>(
        std::upper_bound(ends_.begin(), ends_.end(), byte) - ends_.begin());
  }

 private:
  std::vector<std::size_t> ends_;  // [tokens], where each ends
};

Result<std::vector<TokenId>> EncodePlain(const Tokenizer& tokenizer,
                                         std::string_view text) {
  PELLUCID_ASSIGN_OR_RETURN(
      Encoding encoding, tokenizer.Encode(text, {.add_special_tokens = false}));
  return std::move(encoding.ids);
}

// The same where a tokenizer changes the text: as many as the text up to there
// has in common with the whole, encoded by itself.
Result<std::size_t> TokensOfPrefix(const Tokenizer& tokenizer,
                                   std::string_view prefix,
                                   std::span<const TokenId> ids) {
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<TokenId> own,
                            EncodePlain(tokenizer, prefix));
  const auto [mine, whole] =
      std::mismatch(own.begin(), own.end(), ids.begin(), ids.end());
  return static_cast<std::size_t>(mine - own.begin());
}

Status PutBosFirst(const Tokenizer& tokenizer, ChatEncoding& encoding) {
  if (!tokenizer.BosId()) {
    // Says what is missing, and where.
    return tokenizer.Encode("", {.bos = BosPolicy::kAlways}).error();
  }
  if (!encoding.ids.empty() && encoding.ids[0] == *tokenizer.BosId()) {
    encoding.suppressed_double_bos = true;
    return {};
  }
  encoding.ids.insert(encoding.ids.begin(), *tokenizer.BosId());
  for (TokenTurn& turn : encoding.turns) {
    ++turn.begin;
    ++turn.end;
  }
  return {};
}

}  // namespace

Result<ChatEncoding> EncodeChat(const Tokenizer& tokenizer,
                                const ChatText& chat, BosPolicy bos) {
  ChatEncoding encoding;
  PELLUCID_ASSIGN_OR_RETURN(encoding.ids, EncodePlain(tokenizer, chat.text));
  const auto offsets = ByteOffsets::Of(tokenizer, encoding.ids, chat.text);
  const std::string_view text = chat.text;
  for (const ChatTurn& turn : chat.turns) {
    std::size_t ends[2] = {turn.begin, turn.end};
    for (std::size_t& end : ends) {
      if (offsets) {
        end = offsets->TokensBefore(end);
      } else if (end == text.size()) {
        end = encoding.ids.size();
      } else {
        PELLUCID_ASSIGN_OR_RETURN(
            end, TokensOfPrefix(tokenizer, text.substr(0, end), encoding.ids));
      }
    }
    encoding.turns.push_back({turn.role, ends[0], ends[1]});
  }
  const std::optional<TokenId> id = tokenizer.BosId();
  encoding.has_double_bos = id && encoding.ids.size() > 1 &&
                            encoding.ids[0] == *id && encoding.ids[1] == *id;
  if (bos == BosPolicy::kAlways) {
    PELLUCID_RETURN_IF_ERROR(PutBosFirst(tokenizer, encoding));
  }
  return encoding;
}

}  // namespace pellucid
