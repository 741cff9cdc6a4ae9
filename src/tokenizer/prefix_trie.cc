#include "tokenizer/prefix_trie.h"

#include <algorithm>

namespace pellucid {

PrefixTrie::PrefixTrie(std::span<const std::string_view> texts) {
  std::vector<Entry> sorted;
  sorted.reserve(texts.size());
  for (std::uint32_t i = 0; i < texts.size(); ++i) {
    if (!texts[i].empty()) sorted.push_back({texts[i], i});
  }
  std::sort(sorted.begin(), sorted.end(), [](const Entry& a, const Entry& b) {
    const int order = a.text.compare(b.text);
    return order != 0 ? order < 0 : a.index < b.index;
  });
  nodes_.emplace_back();
  std::vector<Pending> pending = {
      {0, static_cast<std::uint32_t>(sorted.size()), 0}};
  for (std::uint32_t node = 0; node < nodes_.size(); ++node) {
    Expand(node, sorted, pending);
  }
  for (std::size_t byte = 0; byte < first_.size(); ++byte) {
    first_[byte] = Child(0, static_cast<std::uint8_t>(byte));
  }
}

void PrefixTrie::Expand(std::uint32_t node, std::span<const Entry> sorted,
                        std::vector<Pending>& pending) {
  const auto [begin, end, depth] = pending[node];
  std::uint32_t i = begin;
  // Those that end here come first.
  for (; i < end && sorted[i].text.size() == depth; ++i) {
    nodes_[node].index = sorted[i].index;
  }
  const auto byte_at = [&, at = depth](std::uint32_t entry) {
    return static_cast<std::uint8_t>(sorted[entry].text[at]);
  };
  nodes_[node].children = static_cast<std::uint32_t>(nodes_.size());
  while (i < end) {
    const std::uint8_t byte = byte_at(i);
    const std::uint32_t first = i;
    while (i < end && byte_at(i) == byte) ++i;
    Node child;
    child.byte = byte;
    nodes_.push_back(child);
    ++nodes_[node].child_count;
    pending.push_back({first, i, depth + 1});
  }
}

std::uint32_t PrefixTrie::Child(std::uint32_t node, std::uint8_t byte) const {
  const auto begin =
      nodes_.begin() + static_cast<std::ptrdiff_t>(nodes_[node].children);
  const auto end = begin + nodes_[node].child_count;
  const auto child = std::lower_bound(
      begin, end, byte,
      [](const Node& n, std::uint8_t wanted) { return n.byte < wanted; });
  if (child == end || child->byte != byte) return kNone;
  return static_cast<std::uint32_t>(child - nodes_.begin());
}

}  // namespace pellucid
