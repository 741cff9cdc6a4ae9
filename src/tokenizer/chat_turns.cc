#include "tokenizer/chat_turns.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace pellucid {
namespace {

struct Span {
  std::size_t begin = 0, end = 0;

  bool empty() const { return begin >= end; }
  bool Holds(const Span& other) const {
    return begin <= other.begin && other.end <= end;
  }
};

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

class TurnFinder {
 public:
  TurnFinder(const jinja::Rendering& rendering, std::size_t answer,
             std::string_view bos)
      : rendering_(rendering),
        text_(rendering.text.view().substr(0, answer)),
        bos_(bos) {}

  std::vector<ChatTurn> Find(std::span<const std::string> roles) {
    GatherMarks(roles.size());
    std::vector<Span> turns(roles.size());
    for (std::size_t i = 0; i < roles.size(); ++i) turns[i] = RoundOf(i);
    PlaceLoose(turns);
    std::vector<ChatTurn> out;
    AddPreamble(turns, out);
    for (std::size_t i = 0; i < roles.size(); ++i) {
      if (turns[i].empty()) continue;
      out.push_back({roles[i], turns[i].begin, turns[i].end});
    }
    std::stable_sort(
        out.begin(), out.end(),
        [](const ChatTurn& a, const ChatTurn& b) { return a.begin < b.begin; });
    return out;
  }

 private:
  std::string_view Between(std::size_t begin, std::size_t end) const {
    return begin < end ? text_.substr(begin, end - begin) : std::string_view();
  }

  // From the first to the last byte that each message wrote.
  void GatherMarks(std::size_t messages) {
    marked_.resize(messages);
    for (const jinja::Mark& mark : rendering_.text.marks) {
      if (mark.origin >= messages || mark.begin >= text_.size()) continue;
      Span& span = marked_[mark.origin];
      const std::size_t end = std::min(mark.end, text_.size());
      span = span.empty() ? Span{mark.begin, end} : Span{span.begin, end};
    }
  }

  // Marks of message `i` within `round`.
  Span MarkedWithin(std::size_t i, const Span& round) const {
    Span found;
    for (const jinja::Mark& mark : rendering_.text.marks) {
      if (mark.origin != i || mark.begin < round.begin ||
          mark.end > round.end) {
        continue;
      }
      found = found.empty() ? Span{mark.begin, mark.end}
                            : Span{found.begin, mark.end};
    }
    return found;
  }

  // The longest round of a loop that was the message's, less what belongs
  // before it. Empty: there is none, or what it wrote stands elsewhere.
  Span RoundOf(std::size_t i) const {
    Span best;
    for (const jinja::Round& round : rendering_.rounds) {
      if (round.origin != i) continue;
      const Span span{round.begin, std::min(round.end, text_.size())};
      if (!span.empty() && span.end - span.begin > best.end - best.begin) {
        best = span;
      }
    }
    if (best.empty()) return best;
    const Span own = MarkedWithin(i, best);
    if (own.empty()) return marked_[i].empty() ? best : Span();
    best.begin = BeginOfTurn(best, own);
    return best;
  }

  // Templates write what comes before the first message (BOS, a system text of
  // their own) in its round. A turn cannot begin before the end of another, and
  // how turns end shows behind the message's own bytes.
  std::size_t BeginOfTurn(const Span& round, const Span& own) const {
    const std::string_view head = Between(round.begin, own.begin);
    std::string_view end_of_turn = Between(own.end, round.end);
    for (int attempt = 0; attempt < 2; ++attempt) {
      if (!IsBlank(end_of_turn)) {
        const std::size_t at = head.rfind(end_of_turn);
        if (at != std::string_view::npos) {
          return round.begin + at + end_of_turn.size();
        }
      }
      while (!end_of_turn.empty() &&
             IsBlank(end_of_turn.substr(end_of_turn.size() - 1))) {
        end_of_turn.remove_suffix(1);
      }
    }
    return round.begin + BosLength(head);
  }

  // Bytes up to the end of the BOS token that `head` begins with, if it does.
  std::size_t BosLength(std::string_view head) const {
    const std::size_t blanks =
        std::min(head.find_first_not_of(" \t\r\n"), head.size());
    if (bos_.empty() || !head.substr(blanks).starts_with(bos_)) return 0;
    return blanks + bos_.size();
  }

  // Messages that no round wrote: those within another's turn are their own
  // bytes; the others share the gap that they lie in.
  void PlaceLoose(std::vector<Span>& turns) const {
    std::vector<std::size_t> loose;
    for (std::size_t i = 0; i < turns.size(); ++i) {
      if (!turns[i].empty() || marked_[i].empty()) continue;
      const bool nested =
          std::any_of(turns.begin(), turns.end(), [&](const Span& turn) {
            return !turn.empty() && turn.Holds(marked_[i]);
          });
      if (!nested) loose.push_back(i);
      turns[i] = marked_[i];
    }
    std::sort(loose.begin(), loose.end(), [&](std::size_t a, std::size_t b) {
      return marked_[a].begin < marked_[b].begin;
    });
    for (std::size_t n = 0; n < loose.size(); ++n) {
      const std::size_t i = loose[n];
      const bool follows = n > 0 && turns[loose[n - 1]].end == marked_[i].begin;
      const std::size_t begin =
          follows ? turns[loose[n - 1]].end : GapBegin(turns, i);
      turns[i].begin = begin + BosLength(Between(begin, marked_[i].begin));
      turns[i].end = GapEnd(
          turns, i,
          n + 1 < loose.size() ? std::optional(loose[n + 1]) : std::nullopt);
    }
  }

  // Where the turn before message `i` ends.
  std::size_t GapBegin(const std::vector<Span>& turns, std::size_t i) const {
    std::size_t begin = 0;
    for (std::size_t j = 0; j < turns.size(); ++j) {
      if (j != i && !turns[j].empty() && turns[j].end <= marked_[i].begin) {
        begin = std::max(begin, turns[j].end);
      }
    }
    return begin;
  }

  // Where the turn behind message `i` begins: `next` is one that has no place
  // yet.
  std::size_t GapEnd(const std::vector<Span>& turns, std::size_t i,
                     std::optional<std::size_t> next) const {
    std::size_t end = text_.size();
    for (std::size_t j = 0; j < turns.size(); ++j) {
      if (j == i || j == next || turns[j].empty()) continue;
      if (turns[j].begin >= marked_[i].end) end = std::min(end, turns[j].begin);
    }
    if (!next || marked_[*next].begin >= end) return end;
    return CutBetween(marked_[i].end, marked_[*next].begin);
  }

  // The last place in [low, high] where a round of a loop began, else where a
  // statement began to write.
  std::size_t CutBetween(std::size_t low, std::size_t high) const {
    std::optional<std::size_t> cut;
    for (const jinja::Round& round : rendering_.rounds) {
      if (round.begin < low || round.begin > high) continue;
      cut = std::max(cut.value_or(0), round.begin);
    }
    if (cut) return *cut;
    for (const std::size_t piece : rendering_.pieces) {
      if (piece >= low && piece <= high) cut = piece;
    }
    return cut.value_or(high);
  }

  // What stands before all messages.
  void AddPreamble(const std::vector<Span>& turns,
                   std::vector<ChatTurn>& out) const {
    std::size_t first = text_.size();
    for (const Span& turn : turns) {
      if (!turn.empty()) first = std::min(first, turn.begin);
    }
    const std::size_t begin = BosLength(Between(0, first));
    if (IsBlank(Between(begin, first)) || first == text_.size()) return;
    out.push_back({"system", begin, first});
  }

  const jinja::Rendering& rendering_;
  std::string_view text_;  // without the generation prompt
  std::string_view bos_;
  std::vector<Span> marked_;  // [messages]
};

}  // namespace

std::vector<ChatTurn> FindTurns(const jinja::Rendering& rendering,
                                std::span<const std::string> roles,
                                std::size_t answer, std::string_view bos) {
  std::vector<ChatTurn> turns = TurnFinder(rendering, answer, bos).Find(roles);
  if (answer < rendering.text.size()) {
    turns.push_back({"assistant", answer, rendering.text.size()});
  }
  return turns;
}

}  // namespace pellucid
