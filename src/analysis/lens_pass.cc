#include "analysis/lens_pass.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <utility>

#include "base/scratch.h"
#include "kernels/canonical.h"
#include "kernels/integer_product.h"
#include "kernels/lens_tally.h"
#include "kernels/product.h"

namespace pellucid {
namespace {

using kernels::kVocabBlock;
using kernels::kVocabChunk;

// Cells whose logits of one block are worked on together: 96 x 64 floats stay
// in the first-level cache beside the rows they come from (twice as many: 4%
// slower).
constexpr std::size_t kTileCells = 96;
// Cells that share a decoded block before the next one is decoded: enough to
// make decoding cheap, few enough to leave tasks for many threads.
constexpr std::size_t kTaskCells = 1024;
// The last tasks are cut in so many, so that threads end at about the same
// time.
constexpr std::size_t kLastPieces = 2;
// Blocks that are decoded at once at LensPrecision::kFast, whose products are
// done sooner than the next cells come from a far cache: with one, that takes
// two thirds of the time (576 wide, 2048 cells).
constexpr std::size_t kFastBlocks = 8;

// What one chunk of the vocabulary gives for one cell.
struct ChunkCell {
  TopHeap top{0};
  kernels::LensSums sums;
  std::vector<std::size_t> greater;  // per watched token
};

struct Floor {
  std::atomic<float> logit = -std::numeric_limits<float>::infinity();
  void Raise(float to) {
    float now = logit.load(std::memory_order_relaxed);
    while (now < to &&
           !logit.compare_exchange_weak(now, to, std::memory_order_relaxed)) {
    }
  }
};

// `sums` over the vocabulary with the tokens `rounded` at their `exact` logits,
// which come in the same order, and all others moved by what these are off on
// average: rounding moves logits by as much alike as their vectors are alike.
kernels::LensSums ExactSums(const kernels::LensSums& sums,
                            std::span<const TopLogit> rounded,
                            std::span<const TopLogit> exact) {
  kernels::LensSums out = sums;
  double off = 0;
  for (std::size_t i = 0; i < rounded.size(); ++i) {
    out.AddToken(-1, rounded[i].logit);
    off += double{exact[i].logit} - rounded[i].logit;
  }
  out.Shift(off / static_cast<double>(rounded.size()));
  for (const TopLogit& token : exact) out.AddToken(1, token.logit);
  return out;
}

class LensPass {
 public:
  LensPass(const TaskPool& pool, const Head& head, const LensCells& cells,
           const PassOptions& options)
      : pool_(pool),
        head_(head),
        unembed_(head.unembed()),
        cells_(cells),
        top_k_(options.top_k),
        fast_(options.precision == LensPrecision::kFast),
        kept_(options.Kept()),
        chunks_((unembed_.rows + kVocabChunk - 1) / kVocabChunk) {}

  Result<std::vector<DecodedCell>> Run(const std::stop_token& stop,
                                       const Progress& progress);

 private:
  struct Group {
    std::size_t first = 0, last = 0;  // positions [first, last)
  };
  std::vector<Group> Grouped(std::size_t first, std::size_t last,
                             std::size_t cells) const;
  std::size_t CellsOf(const Group& group) const {
    return cells_.offsets[group.last] - cells_.offsets[group.first];
  }
  // A chunk of the vocabulary for the cells of some positions.
  struct Task {
    std::size_t chunk;
    Group group;
  };
  std::vector<Task> Tasks() const;
  // What a task holds while it goes through its chunk.
  struct ChunkWalk {
    std::size_t first_cell;
    std::span<ChunkCell> results;  // of the task's cells
    kernels::LensTally tally;
    std::vector<float> greatest;  // of a tile's cells, in one block
  };
  void ReadWatched(std::size_t position);
  // The logits of watched tokens that ranks are counted above.
  std::span<const float> LimitsOf(std::size_t cell) const {
    return fast_ ? rounded_[cell] : watched_logits_[cell];
  }
  void RunTask(std::size_t chunk, const Group& group,
               const std::stop_token& stop);
  template <typename Block, typename Rows>
  void WalkChunk(std::size_t chunk, const std::vector<Group>& tiles, Rows rows,
                 const std::stop_token& stop, std::span<ChunkCell> results);
  // `logits` [cells of the tile, vocabulary rows from first_row on].
  void RunTile(std::size_t first_row, ConstMatrixView logits, const Group& tile,
               ChunkWalk& walk) const;
  // `greatest` of the logits.
  void Keep(std::size_t first_row, std::span<const float> logits,
            float greatest, std::span<const float> limits,
            ChunkCell& cell) const;
  DecodedCell Merge(std::size_t cell, std::size_t position) const;
  // If fast: what integers gave, put right.
  void MakeExact(std::size_t cell, std::size_t position,
                 const kernels::LensSums& sums,
                 const kernels::LensSums& final_sums, DecodedCell& out) const;

  const TaskPool& pool_;
  const Head& head_;
  const WeightView& unembed_;
  const LensCells& cells_;
  const std::size_t top_k_;
  const bool fast_;
  const std::size_t kept_;  // tokens a cell until exact logits have chosen
  const std::size_t chunks_;
  std::vector<std::vector<float>> watched_logits_;  // by cell
  std::vector<std::vector<float>> rounded_;      // if fast: those from integers
  std::vector<std::vector<ChunkCell>> partial_;  // [chunk][cell]
  // By cell: a logit that as many as are kept do not fall below, of the chunks
  // that are done. What does is not looked at: which it is depends on the order
  // of tasks, what is kept in the end does not.
  std::vector<Floor> floors_;
};

// Splits positions [first, last) into runs of about `cells` cells.
std::vector<LensPass::Group> LensPass::Grouped(std::size_t first,
                                               std::size_t last,
                                               std::size_t cells) const {
  std::vector<Group> groups;
  for (std::size_t p = first; p < last;) {
    Group group{p, p + 1};
    while (group.last < last &&
           cells_.offsets[group.last + 1] - cells_.offsets[p] <= cells) {
      ++group.last;
    }
    groups.push_back(group);
    p = group.last;
  }
  return groups;
}

std::vector<LensPass::Task> LensPass::Tasks() const {
  const std::vector<Group> groups = Grouped(0, cells_.positions(), kTaskCells);
  const std::size_t threads = pool_.threads();
  std::vector<Task> tasks;
  std::size_t left = groups.size() * chunks_;
  for (const Group& group : groups) {
    for (std::size_t chunk = 0; chunk < chunks_; ++chunk, --left) {
      const std::size_t pieces =
          threads > 1 && left <= threads ? kLastPieces : 1;
      const std::size_t cells = (CellsOf(group) + pieces - 1) / pieces;
      for (const Group& piece : Grouped(group.first, group.last, cells)) {
        tasks.push_back({chunk, piece});
      }
    }
  }
  return tasks;
}

Result<std::vector<DecodedCell>> LensPass::Run(const std::stop_token& stop,
                                               const Progress& progress) {
  watched_logits_.resize(cells_.cells());
  if (fast_) rounded_.resize(cells_.cells());
  pool_.For(
      cells_.positions(), [&](std::size_t p) { ReadWatched(p); }, stop);

  partial_.resize(chunks_);
  for (auto& chunk : partial_) chunk.resize(cells_.cells());
  floors_ = std::vector<Floor>(cells_.cells());
  const std::vector<Task> tasks = Tasks();
  std::mutex reporting;  // progress is told in order, by one at a time
  std::size_t done = 0;
  pool_.For(
      tasks.size(),
      [&](std::size_t i) {
        RunTask(tasks[i].chunk, tasks[i].group, stop);
        if (!progress || stop.stop_requested()) return;
        const std::lock_guard lock(reporting);
        progress(static_cast<double>(++done) /
                 static_cast<double>(tasks.size()));
      },
      stop);
  if (stop.stop_requested()) return CancelledError("lens: stopped");

  std::vector<DecodedCell> out(cells_.cells());
  pool_.For(cells_.positions(), [&](std::size_t p) {
    for (std::size_t c = cells_.offsets[p]; c < cells_.offsets[p + 1]; ++c) {
      out[c] = Merge(c, p);
    }
  });
  return out;
}

void LensPass::ReadWatched(std::size_t position) {
  const std::size_t first = cells_.offsets[position];
  const std::size_t count = cells_.offsets[position + 1] - first;
  std::vector<float> row;
  for (const TokenId id : cells_.watched[position]) {
    head_.ReadTokenRow(id, row);
    for (std::size_t c = first; c < first + count; ++c) {
      watched_logits_[c].push_back(
          head_.LogitOf(id, cells_.normed.RowSpan(c), row));
    }
  }
  if (!fast_) return;
  kernels::IntegerRows rows(cells_.normed.Rows(first, count), {0, count});
  rows.Prepare(0);
  kernels::IntegerBlock weights(1, rows);
  std::vector<float> logits(count);
  for (const TokenId id : cells_.watched[position]) {
    const MatrixView column(logits.data(), count, 1);
    weights.Load(unembed_, static_cast<std::size_t>(id), 1);
    weights.Multiply(rows, 0, column);
    head_.Finish(static_cast<std::size_t>(id), column);
    for (std::size_t i = 0; i < count; ++i) {
      rounded_[first + i].push_back(logits[i]);
    }
  }
}

void LensPass::RunTask(std::size_t chunk, const Group& group,
                       const std::stop_token& stop) {
  const std::size_t first_cell = cells_.offsets[group.first];
  const std::span<ChunkCell> results =
      std::span(partial_[chunk])
          .subspan(first_cell, cells_.offsets[group.last] - first_cell);
  for (std::size_t p = group.first; p < group.last; ++p) {
    for (std::size_t c = cells_.offsets[p]; c < cells_.offsets[p + 1]; ++c) {
      ChunkCell& result = results[c - first_cell];
      result.top = TopHeap(kept_, floors_[c].logit);
      result.greater.resize(cells_.watched[p].size());
    }
  }
  const std::vector<Group> tiles = Grouped(group.first, group.last, kTileCells);
  std::vector<std::size_t> bounds = {0};
  for (const Group& tile : tiles) {
    bounds.push_back(bounds.back() + CellsOf(tile));
  }
  const ConstMatrixView cells = cells_.normed.Rows(first_cell, results.size());
  if (fast_) {
    WalkChunk<kernels::IntegerBlock>(
        chunk, tiles, kernels::IntegerRows(cells, std::move(bounds)), stop,
        results);
  } else {
    WalkChunk<kernels::ProductBlock>(
        chunk, tiles, kernels::ProductRows(cells, std::move(bounds), unembed_),
        stop, results);
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    const TopHeap& top = results[i].top;
    if (top.full()) floors_[first_cell + i].Raise(top.worst());
  }
}

template <typename Block, typename Rows>
void LensPass::WalkChunk(std::size_t chunk, const std::vector<Group>& tiles,
                         Rows rows, const std::stop_token& stop,
                         std::span<ChunkCell> results) {
  const std::size_t first_cell = cells_.offsets[tiles.front().first];
  std::size_t most = 0;
  for (const Group& tile : tiles) most = std::max(most, CellsOf(tile));
  const std::size_t begin = chunk * kVocabChunk;
  const std::size_t end = std::min(begin + kVocabChunk, unembed_.rows);
  for (std::size_t i = 0; i < rows.tiles(); ++i) rows.Prepare(i);
  std::vector<Block> weights;
  while (weights.size() < (fast_ ? kFastBlocks : 1)) {
    weights.emplace_back(kVocabBlock, rows);
  }
  Scratch scratch(most * kVocabBlock);
  ChunkWalk walk{first_cell, results, kernels::LensTally(results.size()),
                 std::vector<float>(most)};
  const std::size_t step = weights.size() * kVocabBlock;
  for (std::size_t row = begin; row < end; row += step) {
    if (stop.stop_requested()) return;
    const std::size_t last = std::min(row + step, end);
    for (std::size_t r = row; r < last; r += kVocabBlock) {
      weights[(r - row) / kVocabBlock].Load(unembed_, r,
                                            std::min(kVocabBlock, last - r));
    }
    for (std::size_t i = 0; i < rows.tiles(); ++i) {
      for (std::size_t r = row; r < last; r += kVocabBlock) {
        const std::size_t count = std::min(kVocabBlock, last - r);
        const MatrixView logits(scratch.data(), CellsOf(tiles[i]), count);
        weights[(r - row) / kVocabBlock].Multiply(rows, i, logits);
        head_.Finish(r, logits);
        RunTile(r, logits, tiles[i], walk);
      }
    }
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    results[i].sums = walk.tally.SumsOf(i);
  }
}

void LensPass::RunTile(std::size_t first_row, ConstMatrixView logits,
                       const Group& tile, ChunkWalk& walk) const {
  const std::size_t begin = cells_.offsets[tile.first];
  const std::size_t first = begin - walk.first_cell;
  for (std::size_t p = tile.first; p < tile.last; ++p) {
    const std::size_t at = cells_.offsets[p] - begin;
    const std::size_t rows = cells_.offsets[p + 1] - cells_.offsets[p];
    walk.tally.Add(logits.Rows(at, rows), first + at,
                   std::span(walk.greatest).subspan(at, rows));
  }
  for (std::size_t i = 0; i < logits.rows; ++i) {
    Keep(first_row, logits.RowSpan(i), walk.greatest[i], LimitsOf(begin + i),
         walk.results[first + i]);
  }
}

void LensPass::Keep(std::size_t first_row, std::span<const float> logits,
                    float greatest, std::span<const float> limits,
                    ChunkCell& cell) const {
  if (cell.top.MayEnter(greatest)) cell.top.Offer(logits, first_row);
  for (std::size_t w = 0; w < limits.size(); ++w) {
    if (greatest > limits[w]) {
      cell.greater[w] += kernels::CountGreater(logits, limits[w]);
    }
  }
}

DecodedCell LensPass::Merge(std::size_t cell, std::size_t position) const {
  const std::size_t final_cell = cells_.offsets[position + 1] - 1;
  kernels::LensSums sums, final_sums;
  DecodedCell out;
  out.watched_logits = watched_logits_[cell];
  out.ranks.assign(cells_.watched[position].size(), 1);
  for (const std::vector<ChunkCell>& chunk : partial_) {
    sums.Fold(chunk[cell].sums);
    final_sums.Fold(chunk[final_cell].sums);
    const std::span<const TopLogit> kept = chunk[cell].top.kept();
    out.top.insert(out.top.end(), kept.begin(), kept.end());
    for (std::size_t w = 0; w < out.ranks.size(); ++w) {
      out.ranks[w] += chunk[cell].greater[w];
    }
  }
  out.statistics = kernels::StatisticsOf(sums, final_sums, cell == final_cell);
  if (fast_) MakeExact(cell, position, sums, final_sums, out);
  out.top = BestFirst(std::move(out.top), top_k_);
  return out;
}

// Gives the kept tokens their exact logits: in the list, in the sums over the
// vocabulary (but in that of the KL divergence, which is over the final row's
// tokens), and in ranks.
void LensPass::MakeExact(std::size_t cell, std::size_t position,
                         const kernels::LensSums& sums,
                         const kernels::LensSums& final_sums,
                         DecodedCell& out) const {
  const std::vector<TopLogit> rounded = BestFirst(std::move(out.top), kept_);
  out.top = rounded;
  std::vector<float> row;
  for (TopLogit& token : out.top) {
    head_.ReadTokenRow(token.id, row);
    token.logit = head_.LogitOf(token.id, cells_.normed.RowSpan(cell), row);
  }
  const double kl = out.statistics.kl_to_final;
  out.statistics = kernels::StatisticsOf(ExactSums(sums, rounded, out.top),
                                         final_sums, true);
  out.statistics.kl_to_final = kl;
  for (std::size_t w = 0; w < out.ranks.size(); ++w) {
    const TokenId id = cells_.watched[position][w];
    const auto kept = std::ranges::find(out.top, id, &TopLogit::id);
    if (kept == out.top.end()) continue;
    const auto above = std::ranges::count_if(
        out.top, [&](const TopLogit& t) { return t.logit > kept->logit; });
    out.ranks[w] = 1 + static_cast<std::size_t>(above);
  }
}

}  // namespace

Result<std::vector<DecodedCell>> RunLensPass(const TaskPool& pool,
                                             const Head& head,
                                             const LensCells& cells,
                                             const PassOptions& options,
                                             const std::stop_token& stop,
                                             const Progress& progress) {
  return LensPass(pool, head, cells, options).Run(stop, progress);
}

}  // namespace pellucid
