// A number that a file cannot know, to begin hashes with: else a file could be
// written whose names all fall into one slot, and opening it would take hours.
// Nothing that users see depends on it.
#ifndef PELLUCID_TOKENIZER_HASH_SEED_H_
#define PELLUCID_TOKENIZER_HASH_SEED_H_

#include <unistd.h>

#include <cstdint>

namespace pellucid {

// Drawn anew at each call; 0 where the system has no randomness to give.
inline std::uint64_t HashSeed() {
  std::uint64_t seed = 0;
  if (::getentropy(&seed, sizeof(seed)) != 0) seed = 0;
  return seed;
}

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_HASH_SEED_H_
