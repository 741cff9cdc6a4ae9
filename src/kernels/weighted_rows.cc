// Register tiles of sums and columns: of 4 sums and 3 registers each, a step
// loads 3 registers and 4 numbers for 12 multiply-adds. A column of tiles is
// worked down before the next, so that its part of `x` stays in the first
// cache.
#include "kernels/weighted_rows.h"

#include <cassert>
#include <cmath>

#include "kernels/isa.h"
#include "kernels/reference/weighted_rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/weighted_rows.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;

constexpr std::size_t kSums = 4;
constexpr std::size_t kRegisters = 3;

template <std::size_t kRows, std::size_t kVectors>
HWY_INLINE void AddTile(const RowFactors& factors, const std::size_t m,
                        const ConstMatrixView x, const std::size_t column,
                        const MatrixView out) {
  const Floats tag;
  const std::size_t lanes = hn::Lanes(tag);
  hn::Vec<Floats> sum[kRows][kVectors];
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t j = 0; j < kVectors; ++j) {
      sum[i][j] = hn::LoadU(tag, out.Row(m + i) + column + j * lanes);
    }
  }
  const float* factor = factors.data + m * factors.sum_step;
  const float* row = x.data + column;
  for (std::size_t n = 0; n < factors.rows; ++n) {
    hn::Vec<Floats> part[kVectors];
    for (std::size_t j = 0; j < kVectors; ++j) {
      part[j] = hn::LoadU(tag, row + j * lanes);
    }
    for (std::size_t i = 0; i < kRows; ++i) {
      const auto by = hn::Set(tag, factor[i * factors.sum_step]);
      for (std::size_t j = 0; j < kVectors; ++j) {
        sum[i][j] = hn::MulAdd(by, part[j], sum[i][j]);
      }
    }
    factor += factors.row_step;
    row += x.stride;
  }
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t j = 0; j < kVectors; ++j) {
      hn::StoreU(sum[i][j], tag, out.Row(m + i) + column + j * lanes);
    }
  }
}

template <std::size_t kVectors>
HWY_INLINE void AddColumns(const RowFactors& factors, const ConstMatrixView x,
                           const std::size_t column, const MatrixView out) {
  std::size_t m = 0;
  for (; m + kSums <= factors.sums; m += kSums) {
    AddTile<kSums, kVectors>(factors, m, x, column, out);
  }
  for (; m < factors.sums; ++m) {
    AddTile<1, kVectors>(factors, m, x, column, out);
  }
}

void AddAll(const RowFactors& factors, const ConstMatrixView x,
            const MatrixView out) {
  const std::size_t lanes = hn::Lanes(Floats());
  std::size_t c = 0;
  for (; c + kRegisters * lanes <= x.cols; c += kRegisters * lanes) {
    AddColumns<kRegisters>(factors, x, c, out);
  }
  for (; c + lanes <= x.cols; c += lanes) AddColumns<1>(factors, x, c, out);
  for (; c < x.cols; ++c) {
    for (std::size_t m = 0; m < factors.sums; ++m) {
      float sum = out.Row(m)[c];
      for (std::size_t n = 0; n < factors.rows; ++n) {
        sum = std::fma(factors.At(m, n), x.Row(n)[c], sum);
      }
      out.Row(m)[c] = sum;
    }
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(AddAll);

void AddWeightedRows(const RowFactors& factors, ConstMatrixView x,
                     MatrixView out) {
  assert(factors.rows == x.rows && factors.sums == out.rows);
  assert(x.cols == out.cols);
  if (UsesReference()) return reference::AddWeightedRows(factors, x, out);
  HWY_DYNAMIC_DISPATCH(AddAll)(factors, x, out);
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
