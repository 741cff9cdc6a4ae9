// Tasks are blocks of outputs. Each decodes its weight rows into its thread's
// scratch, a cache-sized tile at a time, and multiplies that with its
// activation rows; weights that lie in the file as floats are used in place.
#include "kernels/linear.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <vector>

#include "kernels/decode.h"
#include "kernels/dot_transposed.h"

namespace pellucid::kernels {
namespace {

// Weight rows of one task, and bytes of them that are decoded at a time: a
// tile that stays in a core's second cache beside the activations.
constexpr std::size_t kTaskRows = 64, kLeastTaskRows = 16;
constexpr std::size_t kScratchBytes = 192 << 10;
// With so few activation rows the time goes into decoding, and a tile that
// stays in the nearest cache is 10% faster.
constexpr std::size_t kFewInputs = 2;
constexpr std::size_t kFewScratchBytes = 20 << 10;
// Of a transposed matrix at least so many rows, which are 128 bytes or more of
// each row of the file: with fewer, cache lines and entries of the page table
// are fetched for too little (1024 by 4096, 16 rows at a time, took twice as
// long).
constexpr std::size_t kLeastTransposedRows = 32;
// A task has at least so many activation rows, if there are: fewer are not
// worth decoding the weights once more.
constexpr std::size_t kLeastTaskInputs = 48;
// Tasks with few activation rows and transposed weights: with 1 KiB of each of
// the file's rows they take two thirds of the time that they take with 256
// bytes.
constexpr std::size_t kTransposedTaskRows = 256;
constexpr std::size_t kTasksPerThread = 4;  // evens out their ends

// How the outputs [M, N] are shared out: tasks of `rows` weight rows by
// `inputs` activation rows.
struct Sharing {
  std::size_t rows = 0, row_tasks = 0;
  std::size_t inputs = 0, input_tasks = 1;
};

std::size_t DivideUp(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

Sharing Share(std::size_t m, std::size_t n, std::size_t threads,
              std::size_t task_rows) {
  Sharing s{.rows = task_rows};
  const std::size_t wanted = threads > 1 ? threads * kTasksPerThread : 1;
  while (DivideUp(n, s.rows) < wanted && s.rows > kLeastTaskRows) s.rows /= 2;
  s.row_tasks = DivideUp(n, s.rows);
  const std::size_t pieces = std::clamp<std::size_t>(
      wanted / s.row_tasks, 1, std::max<std::size_t>(m / kLeastTaskInputs, 1));
  s.inputs = std::max<std::size_t>(DivideUp(m, pieces), 1);
  s.input_tasks = DivideUp(m, s.inputs);
  return s;
}

// `w` as floats in place, where the file holds just that; else empty.
ConstMatrixView InPlace(const WeightView& w) {
  const bool aligned =
      reinterpret_cast<std::uintptr_t>(w.data) % alignof(float) == 0 &&
      w.row_bytes % sizeof(float) == 0;
  const bool plain = !w.transposed && w.row_order.empty();
  if (w.dtype != DType::kF32 || !plain || !aligned) return {};
  return {reinterpret_cast<const float*>(w.data), w.rows, w.cols,
          w.row_bytes / sizeof(float)};
}

// Whether transposed weights are used as they lie, not turned around first.
bool MultiplyTransposed(ConstMatrixView x, const WeightView& w) {
  return w.transposed && x.rows > 0 && x.rows <= kMaxDotTransposedRows;
}

// The calling thread's scratch for decoded rows: [rows, cols], each row aligned
// to 64 bytes, an odd number of cache lines apart, lest all of them lie in a
// few sets of a cache. Kept until the thread ends.
MatrixView Scratch(std::size_t rows, std::size_t cols) {
  constexpr std::size_t kAlign = 64 / sizeof(float);
  const std::size_t stride = (DivideUp(cols, kAlign) | 1) * kAlign;
  thread_local std::vector<float> buffer;
  if (buffer.size() < rows * stride + kAlign) {
    buffer.resize(rows * stride + kAlign);
  }
  const auto address = reinterpret_cast<std::uintptr_t>(buffer.data());
  const std::size_t skip = (64 - address % 64) % 64 / sizeof(float);
  return {buffer.data() + skip, rows, cols, stride};
}

// Columns [begin, begin + count) of a matrix.
MatrixView Columns(MatrixView y, std::size_t begin, std::size_t count) {
  return {y.data + begin, y.rows, count, y.stride};
}

// Rows [begin, end) of w times all of x into those columns of y.
void LinearBlock(ConstMatrixView x, const WeightView& w, std::size_t begin,
                 std::size_t end, MatrixView y) {
  if (const ConstMatrixView rows = InPlace(w); rows.data != nullptr) {
    return DotTile(x, rows.Rows(begin, end - begin),
                   Columns(y, begin, end - begin));
  }
  if (MultiplyTransposed(x, w)) {
    return DotTransposed(x, w, begin, Columns(y, begin, end - begin));
  }
  const std::size_t bytes =
      x.rows <= kFewInputs ? kFewScratchBytes : kScratchBytes;
  const std::size_t fit = bytes / (w.cols * sizeof(float)) / 4 * 4;
  const std::size_t block =
      std::max<std::size_t>(fit, w.transposed ? kLeastTransposedRows : 4);
  for (std::size_t n = begin; n < end; n += block) {
    const std::size_t rows = std::min(block, end - n);
    const MatrixView decoded = Scratch(rows, w.cols);
    DecodeRows(w, n, decoded);
    DotTile(x, decoded, Columns(y, n, rows));
  }
}

void AddBias(std::span<const float> bias, MatrixView y) {
  for (std::size_t m = 0; m < y.rows; ++m) {
    float* row = y.Row(m);
    for (std::size_t n = 0; n < y.cols; ++n) row[n] += bias[n];
  }
}

}  // namespace

void Linear(const TaskPool& pool, ConstMatrixView x, const WeightView& w,
            std::span<const float> bias, MatrixView y,
            const std::stop_token& stop) {
  assert(x.cols == w.cols && w.cols > 0);
  assert(y.rows == x.rows && y.cols == w.rows);
  assert(bias.empty() || bias.size() == w.rows);
  const std::size_t task_rows =
      MultiplyTransposed(x, w) ? kTransposedTaskRows : kTaskRows;
  const Sharing share = Share(x.rows, w.rows, pool.threads(), task_rows);
  const auto task = [&](std::size_t i) {
    const std::size_t n = i / share.input_tasks * share.rows;
    const std::size_t m = i % share.input_tasks * share.inputs;
    const std::size_t rows = std::min(share.rows, w.rows - n);
    const std::size_t inputs = std::min(share.inputs, x.rows - m);
    const MatrixView out = y.Rows(m, inputs);
    LinearBlock(x.Rows(m, inputs), w, n, n + rows, out);
    if (!bias.empty()) AddBias(bias.subspan(n, rows), Columns(out, n, rows));
  };
  pool.For(share.row_tasks * share.input_tasks, task, stop);
}

}  // namespace pellucid::kernels
