#include "analysis/lens_pass.h"

#include <algorithm>
#include <bit>
#include <mutex>
#include <utility>

#include "base/scratch.h"
#include "kernels/canonical.h"
#include "kernels/decode.h"
#include "kernels/dot_tile.h"
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
constexpr std::size_t kTaskCells = 2048;

// What one chunk of the vocabulary gives for one cell.
struct ChunkCell {
  explicit ChunkCell(std::size_t top_k) : top(top_k) {}
  TopHeap top;
  kernels::LensSums sums;
  std::vector<std::size_t> greater;  // per watched token
};

class LensPass {
 public:
  LensPass(const TaskPool& pool, const Head& head, const LensCells& cells,
           std::size_t top_k)
      : pool_(pool),
        head_(head),
        unembed_(head.unembed()),
        cells_(cells),
        top_k_(top_k),
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
  void ReadWatched(std::size_t position);
  void RunTask(std::size_t chunk, const Group& group,
               const std::stop_token& stop);
  // `logits` [cells of the tile, vocabulary rows from first_row on].
  void RunTile(std::size_t first_row, ConstMatrixView logits, const Group& tile,
               std::span<ChunkCell> results, std::size_t first_cell) const;
  void Keep(std::size_t first_row, std::span<const float> logits,
            const kernels::LensBlock& block, std::span<const float> watched,
            ChunkCell& cell) const;
  DecodedCell Merge(std::size_t cell, std::size_t position) const;

  const TaskPool& pool_;
  const Head& head_;
  const WeightView& unembed_;
  const LensCells& cells_;
  const std::size_t top_k_;
  const std::size_t chunks_;
  std::vector<std::vector<float>> watched_logits_;  // by cell
  std::vector<std::vector<ChunkCell>> partial_;     // [chunk][cell]
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

Result<std::vector<DecodedCell>> LensPass::Run(const std::stop_token& stop,
                                               const Progress& progress) {
  watched_logits_.resize(cells_.cells());
  pool_.For(
      cells_.positions(), [&](std::size_t p) { ReadWatched(p); }, stop);

  partial_.resize(chunks_);
  for (auto& chunk : partial_) chunk.assign(cells_.cells(), ChunkCell(top_k_));
  const std::vector<Group> groups = Grouped(0, cells_.positions(), kTaskCells);
  const std::size_t tasks = groups.size() * chunks_;
  std::mutex reporting;  // progress is told in order, by one at a time
  std::size_t done = 0;
  pool_.For(
      tasks,
      [&](std::size_t i) {
        RunTask(i % chunks_, groups[i / chunks_], stop);
        if (!progress || stop.stop_requested()) return;
        const std::lock_guard lock(reporting);
        progress(static_cast<double>(++done) / static_cast<double>(tasks));
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
  std::vector<float> row(unembed_.cols);
  for (const TokenId id : cells_.watched[position]) {
    kernels::DecodeRows(unembed_, static_cast<std::size_t>(id),
                        {row.data(), 1, row.size()});
    for (std::size_t c = cells_.offsets[position];
         c < cells_.offsets[position + 1]; ++c) {
      float logit = kernels::Dot(cells_.normed.RowSpan(c), row);
      head_.Finish(static_cast<std::size_t>(id), {&logit, 1, 1});
      watched_logits_[c].push_back(logit);
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
      results[c - first_cell].greater.resize(cells_.watched[p].size());
    }
  }
  const std::vector<Group> tiles = Grouped(group.first, group.last, kTileCells);
  std::vector<std::size_t> bounds = {0};
  std::size_t most = 0;
  for (const Group& tile : tiles) {
    bounds.push_back(bounds.back() + CellsOf(tile));
    most = std::max(most, CellsOf(tile));
  }
  const std::size_t begin = chunk * kVocabChunk;
  const std::size_t end = std::min(begin + kVocabChunk, unembed_.rows);
  kernels::ProductRows rows(cells_.normed.Rows(first_cell, results.size()),
                            std::move(bounds));
  for (std::size_t i = 0; i < rows.tiles(); ++i) rows.Prepare(i);
  kernels::ProductBlock weights(kVocabBlock, rows);
  Scratch scratch(most * kVocabBlock);
  for (std::size_t row = begin; row < end; row += kVocabBlock) {
    if (stop.stop_requested()) return;
    const std::size_t count = std::min(kVocabBlock, end - row);
    weights.Load(unembed_, row, count);
    for (std::size_t i = 0; i < rows.tiles(); ++i) {
      const MatrixView logits(scratch.data(), CellsOf(tiles[i]), count);
      weights.Multiply(rows, i, logits);
      head_.Finish(row, logits);
      RunTile(row, logits, tiles[i], results, first_cell);
    }
  }
}

void LensPass::RunTile(std::size_t first_row, ConstMatrixView logits,
                       const Group& tile, std::span<ChunkCell> results,
                       std::size_t first_cell) const {
  const std::size_t begin = cells_.offsets[tile.first];
  const std::size_t count = logits.rows;
  std::vector<kernels::LensBlock> blocks(count);
  for (std::size_t p = tile.first; p < tile.last; ++p) {
    const std::size_t at = cells_.offsets[p] - begin;
    const std::size_t rows = cells_.offsets[p + 1] - cells_.offsets[p];
    kernels::ReduceLensBlock(logits.Rows(at, rows),
                             std::span(blocks).subspan(at, rows));
  }
  for (std::size_t i = 0; i < count; ++i) {
    Keep(first_row, logits.RowSpan(i), blocks[i], watched_logits_[begin + i],
         results[begin + i - first_cell]);
  }
}

void LensPass::Keep(std::size_t first_row, std::span<const float> logits,
                    const kernels::LensBlock& block,
                    std::span<const float> watched, ChunkCell& cell) const {
  cell.sums.Fold(block.sums);
  if (cell.top.MayEnter(block.max)) cell.top.Offer(logits, first_row);
  for (std::size_t w = 0; w < watched.size(); ++w) {
    if (block.max > watched[w]) {
      cell.greater[w] += static_cast<std::size_t>(
          std::popcount(kernels::GreaterMask(logits, watched[w])));
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
  out.top = BestFirst(std::move(out.top), top_k_);
  out.statistics = kernels::StatisticsOf(sums, final_sums, cell == final_cell);
  return out;
}

}  // namespace

Result<std::vector<DecodedCell>> RunLensPass(
    const TaskPool& pool, const Head& head, const LensCells& cells,
    std::size_t top_k, const std::stop_token& stop, const Progress& progress) {
  return LensPass(pool, head, cells, top_k).Run(stop, progress);
}

}  // namespace pellucid
