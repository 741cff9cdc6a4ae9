// Opens the input as a tokenizer.json, encodes texts that hold its own tokens,
// and decodes, at once and id by id: every id must lie in the vocabulary, every
// text be UTF-8.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "pellucid/tokenizer.h"
#include "tokenizer/hf_loader.h"

namespace {

using pellucid::ErrorCode;
using pellucid::StreamDecoder;
using pellucid::TokenId;
using pellucid::Tokenizer;

// Keeps reads from being optimised away.
volatile std::size_t sink;

void Require(bool holds) {
  if (!holds) __builtin_trap();
}

void CheckMessage(const pellucid::Error& error, ErrorCode code) {
  Require(error.code == code);
  Require(!error.message.empty());
  Require(error.message.find('\n') == std::string::npos);
}

void CheckText(const std::string& text) {
  Require(!pellucid::FirstInvalidUtf8(text));
  sink = text.size();
}

// What comes id by id is whole characters, and Finish leaves nothing. It may
// differ from Decode, where a later id changes what was whole before.
void CheckStream(const Tokenizer& tokenizer, std::span<const TokenId> ids,
                 bool skip_special_tokens) {
  StreamDecoder stream(tokenizer, skip_special_tokens);
  for (const TokenId id : ids) CheckText(stream.Push(id));
  CheckText(stream.Finish());
  Require(stream.Finish().empty());
}

void CheckDecode(const Tokenizer& tokenizer, std::span<const TokenId> ids) {
  for (const bool skip_special_tokens : {false, true}) {
    CheckText(tokenizer.Decode(ids, skip_special_tokens));
    CheckStream(tokenizer, ids, skip_special_tokens);
  }
}

// The same ids come out of a second call, and with a template they are those
// without it and something around.
void CheckEncode(const Tokenizer& tokenizer, std::string_view text) {
  const auto plain = tokenizer.Encode(text, {.add_special_tokens = false});
  if (!plain.ok()) {
    Require(!plain.error().message.empty());
    return;
  }
  for (const TokenId id : plain->ids) {
    Require(id >= 0 && static_cast<std::size_t>(id) < tokenizer.VocabSize());
  }
  const auto whole = tokenizer.Encode(text);
  Require(whole.ok());
  Require(whole->ids.size() >= plain->ids.size());
  Require(tokenizer.Encode(text)->ids == whole->ids);
  CheckDecode(tokenizer, whole->ids);
}

// The first and last tokens of the vocabulary, and what lies beyond.
std::vector<TokenId> SomeIds(const Tokenizer& tokenizer) {
  constexpr std::size_t kSome = 64;
  const std::size_t size = tokenizer.VocabSize();
  std::vector<TokenId> ids(std::min(size, kSome));
  std::iota(ids.begin(), ids.end(), 0);
  for (std::size_t i = size - ids.size(); i < size + 2; ++i) {
    ids.push_back(static_cast<TokenId>(i));
  }
  ids.push_back(-1);
  return ids;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string input(data, data + size);
  const auto tokenizer = pellucid::ParseTokenizerJson(input, "tokenizer.json");
  if (!tokenizer.ok()) {
    CheckMessage(tokenizer.error(), ErrorCode::kModel);
    return 0;
  }
  const std::vector<TokenId> ids = SomeIds(*tokenizer);
  std::string tokens;
  for (const TokenId id : ids) {
    const std::string text = tokenizer->TokenText(id);
    CheckText(text);
    tokens += text;
    tokenizer->FindToken(tokenizer->TokenBytes(id));
  }
  CheckDecode(*tokenizer, ids);
  CheckEncode(*tokenizer, "");
  CheckEncode(*tokenizer, tokens);
  CheckEncode(*tokenizer,
              "The caf\u00e9 isn't 1234  \n\t<|x|> \U0001f600 e\u0301");
  // What byte fallback, charsmaps, scripts and Chinese characters care about.
  CheckEncode(*tokenizer,
              "\u2581Hello\u2581\u2581 ##ing \ufb01\uff21\u3000\u00ad "
              "\u65e5\u672c\u8a9e\u30ab\u3042\u0e33\U0001f468\u200d\U0001f469 "
              "\u0130\u03a3 <0xE2><0x82>");
  CheckEncode(*tokenizer, input);
  return 0;
}
