#include "tokenizer/added_tokens.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "tokenizer/character_edges.h"
#include "tokenizer/unicode_tables.h"

namespace pellucid {
namespace {

bool IsSpace(std::string_view text, std::size_t at) {
  return (ClassOf(DecodeUtf8(text, at).code) & kSpace) != 0;
}

// Whether a word character touches [begin, end) of `text`.
bool TouchesWord(std::string_view text, std::size_t begin, std::size_t end) {
  const auto is_word = [&](std::size_t at) {
    return (WordClassOf(DecodeUtf8(text, at).code) & kWord) != 0;
  };
  return (begin > 0 && is_word(LastCharacter(text.substr(0, begin)))) ||
         (end < text.size() && is_word(end));
}

// Begin of the white space that ends at `end`, at least `from`.
std::size_t SpacesBegin(std::string_view text, std::size_t from,
                        std::size_t end) {
  while (end > from) {
    const std::size_t last = LastCharacter(text.substr(0, end));
    if (!IsSpace(text, last)) break;
    end = last;
  }
  return end;
}

// Ends of runs of white space; remembers the last one, so that many tokens
// within one run cost its length once.
class SpacesEnd {
 public:
  explicit SpacesEnd(std::string_view text) : text_(text) {}

  std::size_t After(std::size_t at) {
    if (at >= begin_ && at < end_) return end_;
    begin_ = end_ = at;
    while (end_ < text_.size() && IsSpace(text_, end_)) {
      end_ += DecodeUtf8(text_, end_).bytes;
    }
    return end_;
  }

 private:
  std::string_view text_;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace

AddedTokens::AddedTokens(std::span<const AddedToken> tokens) {
  if (tokens.empty()) return;
  std::vector<std::pair<std::string, const AddedToken*>> sorted;
  sorted.reserve(tokens.size());
  std::size_t bytes = 0;
  for (const AddedToken& token : tokens) {
    bytes += token.text.size();
    sorted.emplace_back(std::string(token.text.rbegin(), token.text.rend()),
                        &token);
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> reversed;
  reversed.reserve(sorted.size());
  for (auto& [text, token] : sorted) {
    tokens_.push_back({text.size(), token->id, token->single_word,
                       token->lstrip, token->rstrip});
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

std::vector<AddedTokens::Place> AddedTokens::LeftmostLongest(
    std::string_view text) const {
  std::vector<Place> places;
  // The longest token at each place, from the last place to the first.
  State state = kRoot;
  for (std::size_t i = text.size(); i-- > 0;) {
    state = Step(state, static_cast<std::uint8_t>(text[i]));
    if (nodes_[state].token == kNoToken) continue;
    places.push_back({i, nodes_[state].token});
  }
  std::reverse(places.begin(), places.end());
  std::size_t at = 0;  // end of the last token that is kept
  std::erase_if(places, [&](const Place& place) {
    if (place.begin < at) return true;
    at = place.begin + tokens_[place.token].bytes;
    return false;
  });
  return places;
}

// A token that is no word of its own is gone, not tried in a shorter form; and
// what a token strips does not hide the tokens in it (formats 6.2).
std::vector<AddedTokens::Match> AddedTokens::Find(std::string_view text) const {
  std::vector<Match> matches;
  if (tokens_.empty()) return matches;
  SpacesEnd spaces_end(text);
  std::size_t at = 0;  // end of the last match
  for (const Place& place : LeftmostLongest(text)) {
    const Token& token = tokens_[place.token];
    Match match{place.begin, place.begin + token.bytes, token.id};
    if (token.single_word && TouchesWord(text, match.begin, match.end)) {
      continue;
    }
    if (token.lstrip) {
      match.begin = std::max(SpacesBegin(text, at, match.begin), at);
    }
    if (token.rstrip) match.end = spaces_end.After(match.end);
    if (match.begin >= match.end) continue;  // upstream drops empty pieces
    matches.push_back(match);
    at = match.end;
  }
  return matches;
}

}  // namespace pellucid
