#include "testutil/compare.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace pellucid::testutil {
namespace {

using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

AssertionResult SameShape(const Tensor& a, const Tensor& b) {
  if (a.shape == b.shape) return AssertionSuccess();
  return AssertionFailure() << "shapes " << ::testing::PrintToString(a.shape)
                            << " and " << ::testing::PrintToString(b.shape);
}

}  // namespace

AssertionResult SameBits(const Tensor& a, const Tensor& b) {
  if (AssertionResult shape = SameShape(a, b); !shape) return shape;
  for (std::size_t i = 0; i < a.data.size(); ++i) {
    if (std::memcmp(&a.data[i], &b.data[i], sizeof(float)) != 0) {
      return AssertionFailure()
             << "element " << i << ": " << a.data[i] << " and " << b.data[i];
    }
  }
  return AssertionSuccess();
}

AssertionResult SameBits(const Trace& a, const Trace& b) {
  if (a.sites.size() != b.sites.size()) {
    return AssertionFailure()
           << a.sites.size() << " and " << b.sites.size() << " sites";
  }
  for (const auto& [name, tensor] : a.sites) {
    const Tensor* other = b.Find(name);
    if (other == nullptr) return AssertionFailure() << name << " is missing";
    if (AssertionResult same = SameBits(tensor, *other); !same) {
      return AssertionFailure() << name << ": " << same.message();
    }
  }
  if (std::memcmp(a.last_logits.data(), b.last_logits.data(),
                  a.last_logits.size() * sizeof(float)) != 0) {
    return AssertionFailure() << "last_logits differ";
  }
  return AssertionSuccess();
}

AssertionResult Close(const Tensor& ours, const Tensor& theirs,
                      double relative) {
  if (AssertionResult shape = SameShape(ours, theirs); !shape) return shape;
  double largest = 1;
  for (const float x : theirs.data) {
    if (std::isfinite(x)) largest = std::max(largest, std::abs(double{x}));
  }
  const double limit = relative * largest;
  double worst = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < ours.data.size(); ++i) {
    if (ours.data[i] == theirs.data[i]) continue;  // infinities too
    const double gap = std::abs(double{ours.data[i]} - double{theirs.data[i]});
    if (!(gap <= worst)) {
      worst = gap;
      at = i;
    }
  }
  if (worst <= limit) return AssertionSuccess();
  return AssertionFailure()
         << "element " << at << ": " << ours.data[at] << " instead of "
         << theirs.data[at] << ", further than " << limit;
}

}  // namespace pellucid::testutil
