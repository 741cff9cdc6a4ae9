// Random tokens, repeated: text in which nothing but repetition can be known,
// which tells heads that copy from heads that know words (Olsson et al. 2022).
#ifndef PELLUCID_ANALYSIS_RANDOM_TOKENS_H_
#define PELLUCID_ANALYSIS_RANDOM_TOKENS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "pellucid/result.h"
#include "pellucid/tokenizer.h"

namespace pellucid {

struct RandomTokensSpec {
  std::size_t count = 0;  // tokens of a block, no two alike
  std::uint64_t seed = 0;
  std::size_t candidates = 0;  // ids are drawn from 0 .. candidates - 1,
  std::function<bool(TokenId)> left_out = {};  // without these; empty: none
};

// Block `sequence` of that seed: of the ids that are not left out, `count`
// drawn one after another, evenly from those that are left. Draw number i takes
// word 0 of Philox(counter {i, sequence, 0, kRandomTokensStream}, seed); i
// counts draws of ids that are left out too. kUsage: there are too few ids.
Result<std::vector<TokenId>> DrawTokens(const RandomTokensSpec& spec,
                                        std::size_t sequence);

// Counter word that keeps these draws apart from others under the same seed.
inline constexpr std::uint32_t kRandomTokensStream = 0x746F6B73;  // "toks"

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_RANDOM_TOKENS_H_
