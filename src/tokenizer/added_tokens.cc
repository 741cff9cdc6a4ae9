#include "tokenizer/added_tokens.h"

#include <algorithm>
#include <utility>

namespace pellucid {

AddedTokens::AddedTokens(std::span<const AddedToken> tokens) {
  if (tokens.empty()) return;
  std::vector<std::pair<std::string, TokenId>> sorted;
  sorted.reserve(tokens.size());
  std::size_t bytes = 0;
  for (const AddedToken& token : tokens) {
    bytes += token.text.size();
    sorted.emplace_back(std::string(token.text.rbegin(), token.text.rend()),
                        token.id);
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> reversed;
  reversed.reserve(sorted.size());
  for (auto& [text, id] : sorted) {
    tokens_.push_back({text.size(), id});
    reversed.push_back(std::move(text));
  }

  nodes_.reserve(bytes + 1);
  nodes_.emplace_back();
  std::vector<Pending> pending;  // parallel to nodes_
  pending.push_back({0, static_cast<std::uint32_t>(reversed.size()), 0});
  for (State state = 0; state < nodes_.size(); ++state) {
    Expand(state, reversed, pending);
  }
}

// Fallbacks of a state are shallower, so breadth first they are complete.
void AddedTokens::Expand(State state, std::span<const std::string> reversed,
                         std::vector<Pending>& pending) {
  auto [begin, end, depth] = pending[state];
  const State fallback = nodes_[state].fallback;
  if (begin < end && reversed[begin].size() == depth) {
    nodes_[state].token = begin++;
  } else if (state != kRoot) {
    nodes_[state].token = nodes_[fallback].token;
  }
  nodes_[state].children = static_cast<State>(nodes_.size());
  while (begin < end) {
    const char byte = reversed[begin][depth];
    std::uint32_t group_end = begin + 1;
    while (group_end < end && reversed[group_end][depth] == byte) ++group_end;
    Node child;
    child.byte = static_cast<std::uint8_t>(byte);
    if (state == kRoot) {
      first_[child.byte] = static_cast<State>(nodes_.size());
    } else {
      child.fallback = Step(fallback, child.byte);
    }
    ++nodes_[state].child_count;
    nodes_.push_back(child);
    pending.push_back({begin, group_end, depth + 1});
    begin = group_end;
  }
}

AddedTokens::State AddedTokens::Child(State state, std::uint8_t byte) const {
  const auto begin = nodes_.begin() + nodes_[state].children;
  const auto end = begin + nodes_[state].child_count;
  const auto child = std::lower_bound(
      begin, end, byte,
      [](const Node& node, std::uint8_t b) { return node.byte < b; });
  if (child == end || child->byte != byte) return kRoot;
  return static_cast<State>(child - nodes_.begin());
}

AddedTokens::State AddedTokens::Step(State state, std::uint8_t byte) const {
  for (; state != kRoot; state = nodes_[state].fallback) {
    const State child = Child(state, byte);
    if (child != kRoot) return child;
  }
  return first_[byte];
}

std::vector<AddedTokens::Match> AddedTokens::Find(std::string_view text) const {
  std::vector<Match> matches;
  if (tokens_.empty()) return matches;
  // The longest match at each place, from the last place to the first.
  State state = kRoot;
  for (std::size_t i = text.size(); i-- > 0;) {
    state = Step(state, static_cast<std::uint8_t>(text[i]));
    if (nodes_[state].token == kNoToken) continue;
    const Token& token = tokens_[nodes_[state].token];
    matches.push_back({i, i + token.bytes, token.id});
  }
  std::reverse(matches.begin(), matches.end());
  std::size_t at = 0;  // end of the last match that is kept
  std::erase_if(matches, [&](const Match& match) {
    if (match.begin < at) return true;
    at = match.end;
    return false;
  });
  return matches;
}

}  // namespace pellucid
