// Finds the added tokens ("<|im_end|>", "<think>") in a raw text.
//
// They are cut out before anything else happens to the text: leftmost first,
// the longest of those that begin at one place (formats 6.2). Aho & Corasick's
// automaton (1975) over the reversed tokens reads the text backwards: at each
// place it then knows the longest token that begins there, so that the walk
// forwards is a matter of skipping. Linear in the text whatever the tokens,
// which the usual restart after each match is not.
#ifndef PELLUCID_TOKENIZER_ADDED_TOKENS_H_
#define PELLUCID_TOKENIZER_ADDED_TOKENS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/tokenizer.h"  // TokenId

namespace pellucid {

struct AddedToken {
  std::string_view text;
  TokenId id = 0;
  // Found only where no word character (\w of Rust) touches it.
  bool single_word = false;
  bool lstrip = false, rstrip = false;  // takes the white space beside it
};

class AddedTokens {
 public:
  // The automaton has a state of 16 bytes for each byte of the tokens.
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 23;

  // `tokens`: distinct and not empty, at most kMaxBytes together. Their strings
  // are needed no longer afterwards.
  explicit AddedTokens(std::span<const AddedToken> tokens);

  struct Match {
    std::size_t begin = 0, end = 0;  // byte offsets, end excluded
    TokenId id = 0;
  };
  // What to cut out of `text`, well-formed UTF-8, in the order of the tokens.
  // A token with rstrip may end behind the next one, which HF emits all the
  // same; the text goes on where the last one ends (formats 6.12.7).
  std::vector<Match> Find(std::string_view text) const;

 private:
  using State = std::uint32_t;
  static constexpr State kRoot = 0;
  static constexpr std::uint32_t kNoToken = ~std::uint32_t{0};

  // Children lie side by side, in the order of their bytes.
  struct Node {
    State children = 0;
    State fallback = kRoot;          // longest proper suffix that is a state
    std::uint32_t token = kNoToken;  // longest token that the state ends with
    std::uint16_t child_count = 0;
    std::uint8_t byte = 0;  // that leads here
  };
  struct Token {
    std::size_t bytes = 0;
    TokenId id = 0;
    bool single_word = false, lstrip = false, rstrip = false;
  };
  // Where a token stands, by index.
  struct Place {
    std::size_t begin = 0;
    std::uint32_t token = 0;
  };

  // A state while it waits for its children: which of the sorted reversed
  // tokens [begin, end) start with its path of `depth` bytes.
  struct Pending {
    std::uint32_t begin = 0, end = 0, depth = 0;
  };
  void Expand(State state, std::span<const std::string> reversed,
              std::vector<Pending>& pending);
  State Child(State state, std::uint8_t byte) const;  // kRoot: none
  State Step(State state, std::uint8_t byte) const;
  std::vector<Place> LeftmostLongest(std::string_view text) const;

  std::vector<Node> nodes_;  // breadth first; [0] is the root
  std::vector<Token> tokens_;
  std::array<State, 256> first_{};  // Child(kRoot, byte)
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_ADDED_TOKENS_H_
