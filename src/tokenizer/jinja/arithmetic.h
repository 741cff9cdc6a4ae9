// The operators of Python on the values of a template. Integers are those of
// 64 bits: what would be larger is an error, never a wrong number.
#ifndef PELLUCID_TOKENIZER_JINJA_ARITHMETIC_H_
#define PELLUCID_TOKENIZER_JINJA_ARITHMETIC_H_

#include <cstdint>

#include "pellucid/result.h"
#include "tokenizer/jinja/value.h"

namespace pellucid::jinja {

enum class Op : std::uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kModulo,  // of a text: printf-like formatting
  kPower,
};

// kModel: operands of types that the operator is not for, an undefined one,
// division by zero, an integer beyond 64 bits.
Result<Value> Compute(Op op, const Value& a, const Value& b, Heap& heap);

// -value, and +value.
Result<Value> Negate(const Value& value);
Result<Value> Affirm(const Value& value);

// The error of an integer that does not fit.
Error TooLarge();

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_ARITHMETIC_H_
