// Tasks are columns of dx, and rows of it where they are many. Each reads its
// columns of the weights once, some blocks of rows at a time, and goes through
// its rows of dy in tiles.
#include "kernels/linear_adjoint.h"

#include <algorithm>
#include <array>
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

// Columns of a task: with so many the weights that are decoded at a time, 256
// KiB, stay in the second cache. Of fewer, threads even out.
constexpr std::size_t kMostColumns = 256;
constexpr std::size_t kLeastColumns = 48;
constexpr std::size_t kTasksPerThread = 2;
// Rows of dy of a task, and the least if threads would be idle: the weights are
// decoded once for each task.
constexpr std::size_t kTaskRows = 256;
constexpr std::size_t kLeastRows = 64;
// Rows whose sums stay in the first cache while blocks are added to them, and
// blocks that are. A pass over all rows for each block, its sums kept apart in
// memory, took four times as long (2048 rows by 1536 by 576, two cores).
constexpr std::size_t kTileRows = 36;
constexpr std::size_t kBlocksAtOnce = 4;

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
  // The task's columns of rows of a weight.
  struct Block {
    std::size_t first = 0;
    ConstMatrixView weights;
  };

  void Multiply(const WeightView& w, ConstMatrixView dy, MatrixView sum) {
    Clear(sum);
    std::vector<Block> blocks;
    for (std::size_t n = 0; n < w.rows;) {
      blocks.clear();
      for (; n < w.rows && blocks.size() < kBlocksAtOnce; n += kAdjointBlock) {
        const std::size_t count = std::min(kAdjointBlock, w.rows - n);
        if (AllZero(ColumnsOf(dy, n, count))) continue;
        blocks.push_back({n, Read(w, n, count, blocks.size())});
      }
      for (std::size_t r = 0; r < sum.rows; r += kTileRows) {
        const std::size_t rows = std::min(kTileRows, sum.rows - r);
        for (const auto& [first, weights] : blocks) {
          AddWeightedSums(RowFactors::OfRows(
                              ColumnsOf(dy.Rows(r, rows), first, weights.rows)),
                          weights, sum.Rows(r, rows));
        }
      }
    }
  }

  // The task's columns of rows [first, first + count) of w, which hold until
  // the same slot is read into again.
  ConstMatrixView Read(const WeightView& w, std::size_t first,
                       std::size_t count, std::size_t slot) {
    const bool whole = dx_.cols == w.cols || w.HasGroups();
    const WeightView part = whole ? w : kernels::ColumnsOf(w, begin_, dx_.cols);
    ConstMatrixView rows = RowsInPlace(part, first, count);
    if (rows.data == nullptr) {
      const std::size_t floats = Scratch::RowFloats(part.cols) * kAdjointBlock;
      Slot& to = slots_[slot];
      if (to.floats < floats) to = {Scratch(floats), floats};
      const MatrixView decoded = to.memory.Rows(count, part.cols);
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

  struct Slot {
    Scratch memory;
    std::size_t floats = 0;
  };

  const std::size_t begin_;
  const MatrixView dx_;
  Scratch product_;
  std::array<Slot, kBlocksAtOnce> slots_;
};

// Columns of a task: whole blocks of every weight's dtype.
std::size_t TaskColumns(std::span<const LinearCotangent> products,
                        std::size_t cols, std::size_t tasks) {
  std::size_t unit = 16;
  for (const LinearCotangent& product : products) {
    unit = std::lcm(unit, InfoOf(product.w.dtype).block_elements);
  }
  const std::size_t most =
      std::clamp(DivideUp(cols, tasks), kLeastColumns, kMostColumns);
  const std::size_t even = DivideUp(cols, DivideUp(cols, most));
  return DivideUp(even, unit) * unit;
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
  const std::size_t by_rows = std::max<std::size_t>(dx.rows / kTaskRows, 1);
  const std::size_t width = TaskColumns(
      products, dx.cols, DivideUp(pool.threads() * kTasksPerThread, by_rows));
  const std::size_t across = DivideUp(dx.cols, width);
  const std::size_t wanted = pool.threads() > across ? pool.threads() : 1;
  const std::size_t down = std::clamp<std::size_t>(
      std::max(by_rows, wanted), 1, DivideUp(dx.rows, kLeastRows));
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
