// Which strings of a list a text begins with: a trie of bytes.
//
// Nodes lie breadth first, the children of one side by side in the order of
// their bytes, so that a step is a search in a few adjacent entries.
#ifndef PELLUCID_TOKENIZER_PREFIX_TRIE_H_
#define PELLUCID_TOKENIZER_PREFIX_TRIE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace pellucid {

// Immutable. Safe to use from many threads.
class PrefixTrie {
 public:
  // `texts`: of equal ones the last counts, empty ones are never found. All
  // together below 2^32 bytes. They are needed no longer afterwards.
  explicit PrefixTrie(std::span<const std::string_view> texts);

  // Calls visit(index, bytes) for each string that `text` begins with, from
  // the shortest.
  template <typename Visit>
  void ForEachPrefix(std::string_view text, const Visit& visit) const {
    if (text.empty()) return;
    std::uint32_t node = first_[static_cast<std::uint8_t>(text[0])];
    for (std::size_t depth = 1; node != kNone; ++depth) {
      if (nodes_[node].index != kNone) {
        visit(std::size_t{nodes_[node].index}, depth);
      }
      if (depth == text.size()) return;
      node = Child(node, static_cast<std::uint8_t>(text[depth]));
    }
  }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  struct Node {
    std::uint32_t children = 0;   // index of the first
    std::uint32_t index = kNone;  // of the string that ends here
    std::uint16_t child_count = 0;
    std::uint8_t byte = 0;  // that leads here
  };
  // A node while it waits for its children: which of the sorted strings
  // [begin, end) start with its path of `depth` bytes.
  struct Pending {
    std::uint32_t begin = 0, end = 0, depth = 0;
  };
  struct Entry {
    std::string_view text;
    std::uint32_t index = 0;
  };

  void Expand(std::uint32_t node, std::span<const Entry> sorted,
              std::vector<Pending>& pending);
  std::uint32_t Child(std::uint32_t node, std::uint8_t byte) const;

  std::vector<Node> nodes_;                 // [0] is the root
  std::array<std::uint32_t, 256> first_{};  // children of the root
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_PREFIX_TRIE_H_
