#include "tokenizer/vocabulary.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace pellucid {
namespace {

// Strings whose places are asked for before the first is read: more than the
// cache misses that a core has under way at once.
constexpr std::size_t kAhead = 32;

// Eight bytes a step, each mixed by a multiplication with an odd constant (of
// the golden ratio) and a fold of the high half, which it fills best.
std::uint32_t Hash(std::string_view text, std::uint64_t seed) {
  constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;
  constexpr unsigned kFold = 29;  // no divisor of 64: no short cycles
  std::uint64_t hash = text.size() ^ seed;
  for (std::size_t i = 0; i < text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i,
                std::min<std::size_t>(8, text.size() - i));
    hash = (hash ^ word) * kMultiplier;
    hash ^= hash >> kFold;
  }
  return static_cast<std::uint32_t>(hash >> 32);
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
  std::array<std::uint32_t, kAhead> hashes;
  for (std::size_t first = 0; first < tokens.size(); first += kAhead) {
    const auto group =
        tokens.subspan(first, std::min(kAhead, tokens.size() - first));
    for (std::size_t i = 0; i < group.size(); ++i) {
      hashes[i] = Hash(group[i], seed_);
      __builtin_prefetch(&slots_[hashes[i] & (slots_.size() - 1)]);
    }
    for (std::size_t i = 0; i < group.size(); ++i) Add(group[i], hashes[i]);
  }
}

void Vocabulary::Add(std::string_view token, std::uint32_t hash) {
  const auto id = static_cast<TokenId>(size());
  arena_.append(token);
  begins_.push_back(arena_.size());
  if (token.data() == nullptr) return;
  Slot& slot = slots_[SlotOf(token, hash)];
  if (slot.id >= 0) duplicate_ = id;
  slot = {hash, id};
}

std::optional<TokenId> Vocabulary::Find(std::string_view text) const {
  const TokenId id = slots_[SlotOf(text, Hash(text, seed_))].id;
  if (id < 0) return std::nullopt;
  return id;
}

// A look-up reads a slot, then where its string begins, then the string: three
// rounds, so that no string waits for itself alone.
void Vocabulary::FindMany(std::span<const std::string_view> texts,
                          std::span<TokenId> ids) const {
  std::array<std::uint32_t, kAhead> hashes;
  std::array<std::size_t, kAhead> likely;  // ids
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t first = 0; first < texts.size(); first += kAhead) {
    const auto group =
        texts.subspan(first, std::min(kAhead, texts.size() - first));
    for (std::size_t i = 0; i < group.size(); ++i) {
      hashes[i] = Hash(group[i], seed_);
      __builtin_prefetch(&slots_[hashes[i] & mask]);
    }
    for (std::size_t i = 0; i < group.size(); ++i) {
      const TokenId id = slots_[hashes[i] & mask].id;
      likely[i] = id < 0 ? 0 : static_cast<std::size_t>(id);
      __builtin_prefetch(&begins_[likely[i]]);
    }
    for (std::size_t i = 0; i < group.size(); ++i) {
      __builtin_prefetch(arena_.data() + begins_[likely[i]]);
    }
    for (std::size_t i = 0; i < group.size(); ++i) {
      ids[first + i] = slots_[SlotOf(group[i], hashes[i])].id;
    }
  }
}

// The slot that holds `text`, else the free one where it would go.
std::size_t Vocabulary::SlotOf(std::string_view text,
                               std::uint32_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].id >= 0 &&
         (slots_[at].hash != hash || Text(slots_[at].id) != text)) {
    at = (at + 1) & mask;
  }
  return at;
}

}  // namespace pellucid
