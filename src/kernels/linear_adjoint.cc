// Tasks are columns of dx: each reads its columns of the weights once, a block
// of rows at a time, for all rows of dy.
#include "kernels/linear_adjoint.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <vector>

#include "base/scratch.h"
#include "kernels/decode.h"
#include "kernels/elementwise.h"
#include "kernels/isa.h"
#include "kernels/reference/linear_adjoint.h"
#include "kernels/weight_part.h"
#include "kernels/weighted_rows.h"

namespace pellucid::kernels {
namespace {

// Columns of a task: a block of rows of so many, 64 KiB, stays in the second
// cache beside what it is multiplied with. Of fewer, threads even out.
constexpr std::size_t kMostColumns = 256;
constexpr std::size_t kLeastColumns = 48;
constexpr std::size_t kTasksPerThread = 2;
// Rows of dy of a task, if there are more tasks to be had: the weights are
// decoded once for each.
constexpr std::size_t kLeastRows = 64;

std::size_t DivideUp(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

MatrixView ColumnsOf(MatrixView x, std::size_t begin, std::size_t count) {
  return {x.data + begin, x.rows, count, x.stride};
}
ConstMatrixView ColumnsOf(ConstMatrixView x, std::size_t begin,
                          std::size_t count) {
  return {x.data + begin, x.rows, count, x.stride};
}

bool AllZero(ConstMatrixView x) {
  for (std::size_t r = 0; r < x.rows; ++r) {
    for (const float v : x.RowSpan(r)) {
      if (v != 0) return false;
    }
  }
  return true;
}

// One task: columns of the sum over products, for some rows of dy.
class ColumnTask {
 public:
  ColumnTask(std::size_t begin, MatrixView dx)
      : begin_(begin),
        dx_(dx),
        block_(Scratch::RowFloats(dx.cols) * dx.rows),
        product_(Scratch::RowFloats(dx.cols) * dx.rows) {}

  void Run(std::span<const LinearCotangent> products, std::size_t first_row) {
    for (std::size_t p = 0; p < products.size(); ++p) {
      const auto& [w, dy] = products[p];
      const MatrixView sum = p == 0 ? dx_ : product_.Rows(dx_.rows, dx_.cols);
      Multiply(w, dy.Rows(first_row, dx_.rows), sum);
      if (p > 0) AddRows(sum, dx_);
    }
  }

 private:
  void Multiply(const WeightView& w, ConstMatrixView dy, MatrixView sum) {
    Clear(sum);
    const MatrixView part = block_.Rows(dx_.rows, dx_.cols);
    for (std::size_t n = 0; n < w.rows; n += kAdjointBlock) {
      const std::size_t count = std::min(kAdjointBlock, w.rows - n);
      const ConstMatrixView factors = ColumnsOf(dy, n, count);
      if (AllZero(factors)) continue;
      Clear(part);
      AddWeightedRows(RowFactors::OfRows(factors), Read(w, n, count), part);
      AddRows(part, sum);
    }
  }

  // The task's columns of rows [first, first + count) of w.
  ConstMatrixView Read(const WeightView& w, std::size_t first,
                       std::size_t count) {
    const bool whole = dx_.cols == w.cols || w.HasGroups();
    const WeightView part = whole ? w : kernels::ColumnsOf(w, begin_, dx_.cols);
    ConstMatrixView rows = RowsInPlace(part, first, count);
    if (rows.data == nullptr) {
      const std::size_t floats = Scratch::RowFloats(part.cols) * kAdjointBlock;
      if (decoded_floats_ < floats) {
        decoded_ = Scratch(floats);
        decoded_floats_ = floats;
      }
      const MatrixView decoded = decoded_.Rows(count, part.cols);
      DecodeRows(part, first, decoded);
      rows = decoded;
    }
    return whole ? ColumnsOf(rows, begin_, dx_.cols) : rows;
  }

  static void Clear(MatrixView x) {
    for (std::size_t r = 0; r < x.rows; ++r) {
      std::ranges::fill(x.RowSpan(r), 0.0f);
    }
  }
  static void AddRows(MatrixView from, MatrixView to) {
    for (std::size_t r = 0; r < to.rows; ++r) {
      Add(to.RowSpan(r), from.RowSpan(r), to.RowSpan(r));
    }
  }

  const std::size_t begin_;
  const MatrixView dx_;
  Scratch block_, product_, decoded_;
  std::size_t decoded_floats_ = 0;
};

// Columns of a task: whole blocks of every weight's dtype.
std::size_t TaskColumns(std::span<const LinearCotangent> products,
                        std::size_t cols, std::size_t threads) {
  std::size_t unit = 16;
  for (const LinearCotangent& product : products) {
    unit = std::lcm(unit, InfoOf(product.w.dtype).block_elements);
  }
  const std::size_t even = DivideUp(cols, threads * kTasksPerThread);
  const std::size_t wanted = std::clamp(even, kLeastColumns, kMostColumns);
  return DivideUp(wanted, unit) * unit;
}

}  // namespace

void LinearAdjoint(const TaskPool& pool,
                   std::span<const LinearCotangent> products, MatrixView dx,
                   const std::stop_token& stop) {
  for ([[maybe_unused]] const auto& [w, dy] : products) {
    assert(w.cols == dx.cols && w.rows == dy.cols && dy.rows == dx.rows);
  }
  assert(!products.empty());
  if (dx.rows == 0) return;
  if (UsesReference()) return reference::LinearAdjoint(products, dx);
  const std::size_t width = TaskColumns(products, dx.cols, pool.threads());
  const std::size_t across = DivideUp(dx.cols, width);
  const std::size_t wanted = pool.threads() > across ? pool.threads() : 1;
  const std::size_t down = std::clamp<std::size_t>(
      DivideUp(wanted, across), 1, DivideUp(dx.rows, kLeastRows));
  pool.For(
      across * down,
      [&](std::size_t task) {
        const std::size_t c = task % across * width, i = task / across;
        const std::size_t first = i * dx.rows / down;
        const std::size_t rows = (i + 1) * dx.rows / down - first;
        const MatrixView part =
            ColumnsOf(dx.Rows(first, rows), c, std::min(width, dx.cols - c));
        ColumnTask(c, part).Run(products, first);
      },
      stop);
}

}  // namespace pellucid::kernels
