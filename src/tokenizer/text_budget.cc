#include "tokenizer/text_budget.h"

#include <time.h>

namespace pellucid {
namespace {

// Real patterns run at 5 to 10 MB/s, so this is reached by those alone whose
// time grows with the square of the text or faster.
constexpr double kSeconds = 2.0;
constexpr double kSecondsPerByte = 2e-6;

// The clock is a system call, about as long as a search of a real pattern. One
// search ends after some 0.2 s (tokenizer/regex.h).
constexpr unsigned kClockInterval = 16;

double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

TextBudget::TextBudget(std::size_t bytes)
    : normalized(bytes),
      pre_tokenized(bytes),
      deadline_(ThreadSeconds() + kSeconds +
                kSecondsPerByte * static_cast<double>(bytes)) {}

bool TextBudget::IsLate() {
  return ++asked_ % kClockInterval == 0 && ThreadSeconds() > deadline_;
}

}  // namespace pellucid
