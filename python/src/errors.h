// Error values as Python exceptions, and the other way for functions that
// Python hands in: nothing that is wrong with an argument ends the interpreter.
#ifndef PELLUCID_PYTHON_SRC_ERRORS_H_
#define PELLUCID_PYTHON_SRC_ERRORS_H_

#include <string>
#include <utility>

#include "pellucid/result.h"

namespace pellucid::python {

// The classes of pellucid.errors.
enum class Exception { kError, kUsage, kModel, kUnknownSite, kMemory };

// Throws one as nb::python_error. With the GIL held.
[[noreturn]] void Raise(Exception kind, const std::string& message);

// Throws the exception that the code of `error` stands for: kUsage UsageError,
// kModel ModelError, kCancelled KeyboardInterrupt, kFailed Error, or
// MemoryError where memory ran out. With the GIL held.
[[noreturn]] void Raise(const Error& error);

// The value, or its exception.
template <typename T>
T Take(Result<T> result) {
  if (!result.ok()) Raise(result.error());
  return std::move(result).value();
}
void Check(const Status& status);

}  // namespace pellucid::python

#endif  // PELLUCID_PYTHON_SRC_ERRORS_H_
