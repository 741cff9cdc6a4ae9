#include "tokenizer/vocabulary.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace pellucid {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);

template <typename Word>
std::uint64_t Load(const char* bytes) {
  Word word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

std::uint64_t Byte(char c) { return static_cast<std::uint8_t>(c); }

// The first eight bytes; of fewer all, in an arrangement that depends on the
// size alone.
std::uint64_t FirstWord(std::string_view text) {
  const char* bytes = text.data();
  const std::size_t size = text.size();
  if (size >= kWord) return Load<std::uint64_t>(bytes);
  if (size >= 4) {
    return Load<std::uint32_t>(bytes) | Load<std::uint32_t>(bytes + size - 4)
                                            << 32;
  }
  if (size == 0) return 0;
  return Byte(bytes[0]) | Byte(bytes[size / 2]) << 8 |
         Byte(bytes[size - 1]) << 16;
}

// A multiplication with an odd constant (of the golden ratio) and a fold of the
// high half, which it fills best.
std::uint64_t Mix(std::uint64_t hash, std::uint64_t word) {
  constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;
  constexpr unsigned kFold = 29;  // no divisor of 64: no short cycles
  hash = (hash ^ word) * kMultiplier;
  return hash ^ hash >> kFold;
}

}  // namespace

Vocabulary::Vocabulary(std::span<const std::string_view> tokens) {
  std::size_t bytes = 0;
  for (const std::string_view token : tokens) {
    bytes += token.size();
    longest_ = std::max(longest_, token.size());
  }
  arena_.reserve(bytes);
  begins_.reserve(tokens.size() + 1);
  begins_.push_back(0);
  slots_.resize(std::bit_ceil(2 * std::max<std::size_t>(tokens.size(), 1)));
  std::array<Key, kAhead> keys;
  for (std::size_t first = 0; first < tokens.size(); first += kAhead) {
    const auto group =
        tokens.subspan(first, std::min(kAhead, tokens.size() - first));
    for (std::size_t i = 0; i < group.size(); ++i) {
      keys[i] = KeyOf(group[i]);
      __builtin_prefetch(&slots_[keys[i].home], /*to write*/ 1);
    }
    for (std::size_t i = 0; i < group.size(); ++i) Add(group[i], keys[i]);
  }
}

Vocabulary::Key Vocabulary::KeyOf(std::string_view text) const {
  constexpr std::uint32_t kMostSize = 0xff;
  const std::size_t size = text.size();
  const std::uint64_t word = FirstWord(text);
  std::uint64_t hash = Mix(size ^ seed_, word);
  for (std::size_t i = kWord; i < size; i += kWord) {
    // The last one ends where the string does, and may repeat some bytes.
    hash =
        Mix(hash, Load<std::uint64_t>(text.data() + std::min(i, size - kWord)));
  }
  const auto low = static_cast<std::uint32_t>(hash);
  const std::uint32_t shown =
      size < kMostSize ? static_cast<std::uint32_t>(size) : kMostSize;
  return {word, (low & ~kMostSize) | shown,
          static_cast<std::uint32_t>(hash >> 32 & (slots_.size() - 1))};
}

void Vocabulary::Add(std::string_view token, const Key& key) {
  const auto id = static_cast<TokenId>(size());
  arena_.append(token);
  begins_.push_back(arena_.size());
  if (token.data() == nullptr) return;
  Slot& slot = slots_[SlotOf(token, key)];
  if (slot.id >= 0) duplicate_ = id;
  slot = {key.word, key.tag, id};
}

std::optional<TokenId> Vocabulary::Find(std::string_view text) const {
  const TokenId id = slots_[SlotOf(text, KeyOf(text))].id;
  if (id < 0) return std::nullopt;
  return id;
}

void Vocabulary::FindMany(std::span<const std::string_view> texts,
                          std::span<TokenId> ids) const {
  for (std::size_t first = 0; first < texts.size(); first += kAhead) {
    const std::size_t count = std::min(kAhead, texts.size() - first);
    FindGroup(texts.subspan(first, count), ids.data() + first);
  }
}

// A look-up reads a slot and, for a long string, where the token begins, then
// the token: three rounds, so that no string waits for itself alone.
void Vocabulary::FindGroup(std::span<const std::string_view> texts,
                           TokenId* ids) const {
  std::array<Key, kAhead> keys;
  std::array<std::uint32_t, kAhead> likely;  // ids
  std::array<std::uint32_t, kAhead> longs;   // indices of texts
  std::size_t count = 0;                     // of longs
  for (std::size_t i = 0; i < texts.size(); ++i) {
    keys[i] = KeyOf(texts[i]);
    __builtin_prefetch(&slots_[keys[i].home]);
    if (texts[i].size() > kWord) longs[count++] = static_cast<std::uint32_t>(i);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const TokenId id = slots_[keys[longs[i]].home].id;
    likely[i] = static_cast<std::uint32_t>(std::max(id, 0));
    __builtin_prefetch(&begins_[likely[i]]);
  }
  for (std::size_t i = 0; i < count; ++i) {
    __builtin_prefetch(arena_.data() + begins_[likely[i]]);
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    ids[i] = slots_[SlotOf(texts[i], keys[i])].id;
  }
}

// The slot that holds `text`, else the free one where it would go.
std::size_t Vocabulary::SlotOf(std::string_view text, const Key& key) const {
  const auto holds = [&](const Slot& slot) {
    return slot.word == key.word && slot.tag == key.tag &&
           (text.size() <= kWord || Text(slot.id) == text);
  };
  std::size_t at = key.home;
  while (slots_[at].id >= 0 && !holds(slots_[at])) {
    at = (at + 1) & (slots_.size() - 1);
  }
  return at;
}

}  // namespace pellucid
