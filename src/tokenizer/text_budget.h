// What the work on one text may cost: processor time, and the bytes that steps
// make of it.
//
// A tokenizer.json comes from a file that nobody vouches for: its patterns may
// backtrack for hours, its steps may double a text until memory ends. One
// budget stands for a whole call. Limits on each piece, or on each text between
// added tokens, would add up to hours and gigabytes for a prompt of kilobytes.
#ifndef PELLUCID_TOKENIZER_TEXT_BUDGET_H_
#define PELLUCID_TOKENIZER_TEXT_BUDGET_H_

#include <algorithm>
#include <cstddef>

namespace pellucid {

// The longest text that may be made: symbols are counted in 31 bits.
inline constexpr std::size_t kMaxMadeBytes = std::size_t{1} << 30;

// How much may be made of a text of `bytes`. NFKD, the step of a real
// tokenizer that adds most, makes 33 bytes of 3.
constexpr std::size_t MaxMadeBytes(std::size_t bytes) {
  return std::min(kMaxMadeBytes, 16 * bytes + (std::size_t{1} << 20));
}

// Bytes made of the parts of one text, summed.
class MadeBytes {
 public:
  // Of a text of `bytes`, below 2^59.
  explicit MadeBytes(std::size_t bytes) : most_(MaxMadeBytes(bytes)) {}

  std::size_t most() const { return most_; }
  // The sum, if a part came to `bytes`.
  std::size_t With(std::size_t bytes) const { return made_ + bytes; }
  void Add(std::size_t bytes) { made_ += bytes; }

 private:
  std::size_t most_, made_ = 0;
};

// Belongs to one thread, whose time it counts.
class TextBudget {
 public:
  // For a text of `bytes`: 2 s and 2 us a byte from now on.
  explicit TextBudget(std::size_t bytes);

  // The time is up. To be asked before each search and after each step; looks
  // at the clock every 16th time, so that a search may end up to 3 s late.
  bool IsLate();

  // By the normaliser and by the pre-tokenizer. A part of the text counts with
  // the most that any step made of it.
  MadeBytes normalized, pre_tokenized;

 private:
  double deadline_;  // seconds of the thread
  unsigned asked_ = 0;
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_TEXT_BUDGET_H_
