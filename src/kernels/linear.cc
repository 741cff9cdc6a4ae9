// Tasks are blocks of outputs. Each reads its weight rows a block at a time and
// multiplies that with its activation rows, or, where these are few, takes the
// weights as they lie.
#include "kernels/linear.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/decode_panel.h"
#include "kernels/dot_quantised.h"
#include "kernels/dot_transposed.h"
#include "kernels/panel.h"
#include "kernels/product.h"

namespace pellucid::kernels {
namespace {

// Weight rows of one task, and bytes of them that are decoded at a time: a
// block that stays in a core's second cache beside the activations.
constexpr std::size_t kTaskRows = 64, kLeastTaskRows = 16;
constexpr std::size_t kBlockBytes = 192 << 10;
// Where a tile takes several panels (AVX-512, whose second caches are 1 MiB and
// more), rather so many bytes than a narrower tile: 576 by 1536 with 128
// inputs, 64 rows instead of 32, took 0.6 to 1 of the time on one core (noisy).
constexpr std::size_t kWideBlockBytes = 512 << 10;
// With so few activation rows the time goes into decoding, and a block that
// stays in the nearest cache is 10% faster.
constexpr std::size_t kFewInputs = 2;
constexpr std::size_t kFewBlockBytes = 20 << 10;
// Of a transposed matrix at least so many rows, which are 128 bytes or more of
// each row of the file: with fewer, cache lines and entries of the page table
// are fetched for too little (1024 by 4096, 16 rows at a time, took twice as
// long).
constexpr std::size_t kLeastTransposedRows = 32;
// Activation rows of a tile, and the least of a task if there are: fewer are
// not worth decoding the weights once more.
constexpr std::size_t kTileInputs = 48;
// Packed rows stream past a block of weights however they are cut; small tiles
// even out their packing.
constexpr std::size_t kPackedInputs = 12;
// Tasks with few activation rows. Of transposed weights they touch 1 KiB of
// each of the file's rows, which takes two thirds of the time that 256 bytes
// take; of others they fetch ahead what comes next.
constexpr std::size_t kFewInputsTaskRows = 256;
constexpr std::size_t kTasksPerThread = 4;  // evens out their ends

std::size_t DivideUp(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

// Bounds of about equal tiles of about `each` rows.
std::vector<std::size_t> TileBounds(std::size_t rows, std::size_t each) {
  const std::size_t tiles = std::max<std::size_t>((rows + each / 2) / each, 1);
  std::vector<std::size_t> bounds(tiles + 1);
  for (std::size_t i = 0; i <= tiles; ++i) bounds[i] = i * rows / tiles;
  return bounds;
}

// The inputs in the form that pays with all the weights.
ProductRows RowsFor(ConstMatrixView x, std::span<const LinearOutput> outputs) {
  const bool unpacked =
      std::all_of(outputs.begin(), outputs.end(),
                  [](const LinearOutput& o) { return CanDecodePanel(o.w); });
  const bool panels = PanelsPay(x.rows, x.cols, unpacked);
  return {x, TileBounds(x.rows, panels ? kPackedInputs : kTileInputs), panels};
}

// How a weight matrix is multiplied: block by block, or, with few activation
// rows, as it lies.
enum class Way { kBlocks, kTransposed, kQuantised };

Way WayOf(ConstMatrixView x, const WeightView& w) {
  if (w.transposed) {
    const bool few = x.rows <= kMaxDotTransposedRows;
    return few && CanDotTransposed(w) ? Way::kTransposed : Way::kBlocks;
  }
  const bool few = CanDotQuantised(w) && x.rows <= MostDotQuantisedRows(w);
  return few ? Way::kQuantised : Way::kBlocks;
}

// Columns [begin, begin + count) of a matrix.
MatrixView Columns(MatrixView y, std::size_t begin, std::size_t count) {
  return {y.data + begin, y.rows, count, y.stride};
}

void AddBias(std::span<const float> bias, MatrixView y) {
  for (std::size_t m = 0; m < y.rows; ++m) {
    float* row = y.Row(m);
    for (std::size_t n = 0; n < y.cols; ++n) row[n] += bias[n];
  }
}

// Weight rows that are decoded at a time.
std::size_t BlockRows(const ProductRows& x, std::size_t inputs,
                      const WeightView& w) {
  const bool wide = x.as_panels() && PanelsAtOnce() > 1;
  const std::size_t bytes = inputs <= kFewInputs ? kFewBlockBytes
                            : wide               ? kWideBlockBytes
                                                 : kBlockBytes;
  const std::size_t fit = bytes / (w.cols * sizeof(float));
  const std::size_t step = x.as_panels() ? 16 : 4;
  const std::size_t least = w.transposed ? kLeastTransposedRows : step;
  return std::clamp(fit / step * step, least, kTaskRows);
}

class LinearWork {
 public:
  LinearWork(const TaskPool& pool, ConstMatrixView x,
             std::span<const LinearOutput> outputs, const std::stop_token& stop)
      : pool_(pool),
        x_(x),
        outputs_(outputs),
        stop_(stop),
        rows_(RowsFor(x, outputs)) {}

  void Run();

 private:
  // Weight rows [begin, begin + count) of an output by tiles [first, last).
  struct Task {
    const LinearOutput* output;
    std::size_t begin, count;
    std::size_t first, last;
  };
  // `left`: weight rows of this output and those behind it.
  void AddTasks(const LinearOutput& output, std::size_t left);
  void DealTasks();
  void RunTask(const Task& task);
  void MultiplyBlocks(const Task& task);

  const TaskPool& pool_;
  const ConstMatrixView x_;
  const std::span<const LinearOutput> outputs_;
  const std::stop_token& stop_;
  ProductRows rows_;
  std::size_t total_ = 0;  // weight rows of all outputs
  std::vector<Task> tasks_;
};

void LinearWork::AddTasks(const LinearOutput& output, std::size_t left) {
  const std::size_t n = output.w.rows;
  const std::size_t threads = pool_.threads(), tiles = rows_.tiles();
  const bool blocks = WayOf(x_, output.w) == Way::kBlocks;
  std::size_t rows = blocks ? kTaskRows : kFewInputsTaskRows;
  // Narrow blocks make poor tiles of packed rows.
  const std::size_t least =
      blocks && rows_.as_panels() ? kTaskRows : kLeastTaskRows;
  // This output's part of the tasks that even out.
  const std::size_t wanted =
      threads > 1 ? DivideUp(threads * kTasksPerThread * n, total_) : 1;
  while (DivideUp(n, rows) < wanted && rows > least) rows /= 2;
  for (std::size_t begin = 0; begin < n; begin += rows) {
    const std::size_t count = std::min(rows, n - begin);
    // What is too little to be cut by its rows, threads share.
    const std::size_t last = std::min(total_, threads * least);
    const bool shared = threads > 1 && blocks && left <= last;
    const std::size_t pieces =
        shared ? std::min(DivideUp(2 * threads * least, last), tiles) : 1;
    for (std::size_t i = 0; i < pieces; ++i) {
      tasks_.push_back({&output, begin, count, i * tiles / pieces,
                        (i + 1) * tiles / pieces});
    }
    left -= count;
  }
}

// Tasks begin in order, so that of `threads` equal parts each thread goes
// through one about from end to end: weights lie in the order in which it reads
// them, and what it fetches ahead is its own.
void LinearWork::DealTasks() {
  const std::size_t threads = pool_.threads();
  if (rows_.as_panels() || threads == 1) return;
  std::vector<Task> dealt;
  dealt.reserve(tasks_.size());
  const std::size_t each = DivideUp(tasks_.size(), threads);
  for (std::size_t i = 0; i < each; ++i) {
    for (std::size_t t = i; t < tasks_.size(); t += each) {
      dealt.push_back(tasks_[t]);
    }
  }
  tasks_ = std::move(dealt);
}

void LinearWork::MultiplyBlocks(const Task& task) {
  const WeightView& w = task.output->w;
  const std::size_t rows = BlockRows(rows_, x_.rows, w);
  const std::size_t end = task.begin + task.count;
  ProductBlock block(std::min(rows, task.count), rows_);
  for (std::size_t n = task.begin; n < end; n += rows) {
    const std::size_t count = std::min(rows, end - n);
    block.Load(w, n, count);
    for (std::size_t i = task.first; i < task.last; ++i) {
      block.Multiply(rows_, i,
                     Columns(rows_.OfTile(i, task.output->y), n, count));
    }
  }
}

void LinearWork::RunTask(const Task& task) {
  const auto& [w, bias, y] = *task.output;
  switch (WayOf(x_, w)) {
    case Way::kBlocks:
      MultiplyBlocks(task);
      break;
    case Way::kTransposed:
      DotTransposed(x_, w, task.begin, Columns(y, task.begin, task.count));
      break;
    case Way::kQuantised:
      DotQuantised(x_, w, task.begin, Columns(y, task.begin, task.count));
      break;
  }
  if (bias.empty()) return;
  for (std::size_t i = task.first; i < task.last; ++i) {
    AddBias(bias.subspan(task.begin, task.count),
            Columns(rows_.OfTile(i, y), task.begin, task.count));
  }
}

void LinearWork::Run() {
  if (x_.rows == 0) return;
  if (rows_.as_panels()) {
    pool_.For(
        rows_.tiles(), [&](std::size_t i) { rows_.Prepare(i); }, stop_);
  }
  for (const LinearOutput& output : outputs_) total_ += output.w.rows;
  std::size_t left = total_;
  for (const LinearOutput& output : outputs_) {
    AddTasks(output, left);
    left -= output.w.rows;
  }
  DealTasks();
  pool_.For(
      tasks_.size(), [&](std::size_t i) { RunTask(tasks_[i]); }, stop_);
}

}  // namespace

void Linear(const TaskPool& pool, ConstMatrixView x,
            std::span<const LinearOutput> outputs,
            const std::stop_token& stop) {
  for ([[maybe_unused]] const LinearOutput& output : outputs) {
    assert(x.cols == output.w.cols && output.w.cols > 0);
    assert(output.y.rows == x.rows && output.y.cols == output.w.rows);
    assert(output.bias.empty() || output.bias.size() == output.w.rows);
  }
  LinearWork(pool, x, outputs, stop).Run();
}

}  // namespace pellucid::kernels
