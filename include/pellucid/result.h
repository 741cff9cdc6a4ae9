// pellucid/result.h - failure as a value.
//
// Every call that can fail on its input returns Result<T> (or Status, when
// there is nothing to return). The library never throws, prints or exits on
// bad input. A message has the form "OPERATION: OBJECT: what is wrong, with
// the numbers; what to do", so that a command line can print it as it is.
//
//   Result<Model> model = Model::Open("m.gguf");
//   if (!model.ok()) return model.error();
//   model->Run(...)
#ifndef PELLUCID_RESULT_H_
#define PELLUCID_RESULT_H_

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace pellucid {

// What kind of failure: decides the exit code and the Python exception.
enum class ErrorCode {
  kFailed,     // I/O, memory, a self-check that does not hold (exit 1)
  kUsage,      // the caller asked for something that cannot be (exit 2)
  kModel,      // a file is damaged, unsupported or missing; non-finite
               // activations (exit 3)
  kCancelled,  // stopped through a std::stop_token (exit 130)
};

// Why a call failed: a code for programs, one line for people.
struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kFailed;
  std::string message;  // UTF-8, no newline at its end
};

// An Error of the code that the name says.
inline Error FailedError(std::string message) {
  return {ErrorCode::kFailed, std::move(message)};
}
inline Error UsageError(std::string message) {
  return {ErrorCode::kUsage, std::move(message)};
}
inline Error ModelError(std::string message) {
  return {ErrorCode::kModel, std::move(message)};
}
inline Error CancelledError(std::string message) {
  return {ErrorCode::kCancelled, std::move(message)};
}

// Holds either a T or an Error. value() and the pointer operators require
// ok(); error() requires !ok(). That is asserted in debug builds; in others a
// call on the wrong one throws std::bad_variant_access, as std::variant does.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;  // what value() gives

  // Implicit, so that `return value;` and `return error;` both read well.
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

  // Whether a value is held. `if (result)` asks the same.
  bool ok() const { return held_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // The value. A reference lives as long as the Result is neither changed nor
  // destroyed. Of a temporary it comes by value, so that
  // `for (auto& x : Make().value())` does not dangle.
  T& value() & {
    assert(ok());
    return std::get<0>(held_);
  }
  const T& value() const& {
    assert(ok());
    return std::get<0>(held_);
  }
  T value() && {
    assert(ok());
    return std::get<0>(std::move(held_));
  }

  // value(), and its members.
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Why there is no value. Lives as long as the Result does unchanged.
  const Error& error() const {
    assert(!ok());
    return std::get<1>(held_);
  }

 private:
  std::variant<T, Error> held_;
};

// A Result without a value: ok unless made from an Error.
class [[nodiscard]] Status {
 public:
  // Ok, or failed with `error`.
  Status() = default;
  Status(Error error) : error_(std::move(error)), ok_(false) {}

  // Whether nothing failed. `if (status)` asks the same.
  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }

  // What failed; requires !ok(). Lives as long as the Status does unchanged.
  const Error& error() const {
    assert(!ok_);
    return error_;
  }

 private:
  Error error_;
  bool ok_ = true;
};

}  // namespace pellucid

// Returns the error of `expr` (a Status or Result) to the caller, if any.
#define PELLUCID_RETURN_IF_ERROR(expr)                          \
  do {                                                          \
    if (auto pellucid_status = (expr); !pellucid_status.ok()) { \
      return pellucid_status.error();                           \
    }                                                           \
  } while (false)

// Declares `decl` as the value of the Result `expr`, or returns its error:
//   PELLUCID_ASSIGN_OR_RETURN(const Model model, Model::Open(path));
#define PELLUCID_ASSIGN_OR_RETURN(decl, expr)                              \
  PELLUCID_ASSIGN_OR_RETURN_(PELLUCID_CONCAT_(pellucid_result_, __LINE__), \
                             decl, expr)
#define PELLUCID_ASSIGN_OR_RETURN_(result, decl, expr) \
  auto result = (expr);                                \
  if (!result.ok()) return result.error();             \
  decl = std::move(result).value()
#define PELLUCID_CONCAT_(a, b) PELLUCID_CONCAT2_(a, b)
#define PELLUCID_CONCAT2_(a, b) a##b

#endif  // PELLUCID_RESULT_H_
