// Comparison of tensors: to the bit where equality is promised, within the
// contract's distance from Hugging Face where it is not.
#ifndef PELLUCID_TESTS_TESTUTIL_COMPARE_H_
#define PELLUCID_TESTS_TESTUTIL_COMPARE_H_

#include <gtest/gtest.h>

#include <string>

#include "pellucid/tensor.h"
#include "pellucid/trace.h"

namespace pellucid::testutil {

// Fails unless shapes and every bit agree.
::testing::AssertionResult SameBits(const Tensor& a, const Tensor& b);
// The same for everything that two runs recorded.
::testing::AssertionResult SameBits(const Trace& a, const Trace& b);

// Fails unless shapes agree and |ours - theirs| <= relative * max(1,
// max|theirs|) everywhere; infinities must be equal. Names the worst element.
::testing::AssertionResult Close(const Tensor& ours, const Tensor& theirs,
                                 double relative);

// Contract 4.4 for activations against Hugging Face eager float32.
inline constexpr double kActivationTolerance = 1e-4;

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_COMPARE_H_
