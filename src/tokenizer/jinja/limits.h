// What a template may use up. Templates come from strangers, with a model: one
// that is too deep, too long or without an end must become an error, never a
// hang, a full memory or a broken stack.
//
// Real templates stay far below: the longest of 160 that were looked at has 19
// kB, and the most careless takes some 50 units of work for a byte of messages,
// which come on top (ChatTemplate::Render).
#ifndef PELLUCID_TOKENIZER_JINJA_LIMITS_H_
#define PELLUCID_TOKENIZER_JINJA_LIMITS_H_

#include <cstddef>

namespace pellucid::jinja {

inline constexpr std::size_t kMaxSource = std::size_t{1} << 20;  // bytes
// Of expressions and of blocks, in the source. Chains such as a + b + c count
// as nested, since that is how they are computed.
inline constexpr std::size_t kMaxNesting = 200;
// Of expressions and blocks at work at once, through calls of macros. In a
// sanitized build one takes some 8 kB of a thread's stack of 8 MB.
inline constexpr std::size_t kMaxDepth = 500;
// Of lists in lists, where they are printed, compared or written as JSON.
inline constexpr std::size_t kMaxValueDepth = 100;
// Work: a byte made or looked at is 1, a node computed or a value made 16.
// The last unit is reached after a second or so.
inline constexpr std::size_t kMaxWork = std::size_t{1} << 28;
inline constexpr std::size_t kByteWork = 128;  // more, for a byte of messages
inline constexpr std::size_t kNodeWork = 16;
inline constexpr std::size_t kMaxOutput = std::size_t{1} << 26;  // bytes
// As in Jinja's sandbox.
inline constexpr std::size_t kMaxRange = 100000;

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_LIMITS_H_
