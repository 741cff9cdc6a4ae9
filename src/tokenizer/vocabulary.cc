#include "tokenizer/vocabulary.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace pellucid {
namespace {

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
  for (const std::string_view token : tokens) bytes += token.size();
  arena_.reserve(bytes);
  begins_.reserve(tokens.size() + 1);
  begins_.push_back(0);
  slots_.resize(std::bit_ceil(2 * std::max<std::size_t>(tokens.size(), 1)));
  for (const std::string_view token : tokens) {
    const auto id = static_cast<TokenId>(size());
    arena_.append(token);
    begins_.push_back(arena_.size());
    if (token.data() == nullptr) continue;
    const std::uint32_t hash = Hash(token, seed_);
    Slot& slot = slots_[SlotOf(token, hash)];
    if (slot.id >= 0) duplicate_ = id;
    slot = {hash, id};
  }
}

std::optional<TokenId> Vocabulary::Find(std::string_view text) const {
  const TokenId id = slots_[SlotOf(text, Hash(text, seed_))].id;
  if (id < 0) return std::nullopt;
  return id;
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
