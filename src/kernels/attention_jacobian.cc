#include "kernels/attention_jacobian.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "base/scratch.h"
#include "kernels/elementwise.h"
#include "kernels/scores.h"
#include "kernels/softmax_jacobian.h"
#include "kernels/weighted_rows.h"

namespace pellucid::kernels {
namespace {

// Queries worked on together: their rows, of some hundred keys, stay in the
// second cache.
constexpr std::size_t kQueries = 32;

void Clear(MatrixView x) {
  for (std::size_t r = 0; r < x.rows; ++r) {
    std::ranges::fill(x.RowSpan(r), 0.0f);
  }
}

ConstMatrixView ColumnsOf(ConstMatrixView x, std::size_t begin,
                          std::size_t count) {
  return {x.data + begin, x.rows, count, x.stride};
}

// The run of one block of queries after another, and what both directions do
// to rows of it.
class QueryBlocks {
 public:
  explicit QueryBlocks(const HeadRun& run)
      : run_(run),
        keys_(run.q.rows),
        // Scores writes whole blocks of keys.
        floats_(Scratch::RowFloats(KeyBlockCount(keys_) * kKeysInBlock) *
                kQueries),
        pattern_(floats_),
        capped_(run.shape.softcap == 0 ? 0 : floats_),
        slope_(floats_),
        other_(floats_),
        z_(Scratch::RowFloats(run.shape.head_dim) * keys_) {
    assert(run.shape.softcap == 0 || run.shape.key_bias.empty());
  }

  // Calls work() for each block, with the pattern of its queries in place.
  template <typename Work>
  void ForEach(const Work& work) {
    for (first_ = 0; first_ < keys_; first_ += kQueries) {
      count_ = std::min(kQueries, keys_ - first_);
      first_key_ = SeenFrom(first_) / kKeysInBlock * kKeysInBlock;
      end_key_ = first_ + count_;
      Attend();
      work();
    }
  }

  std::size_t first() const { return first_; }
  ConstMatrixView Queries(ConstMatrixView x) const {
    return x.Rows(first_, count_);
  }
  MatrixView Queries(MatrixView x) const { return x.Rows(first_, count_); }
  // Rows of the keys that any of the block's queries sees.
  ConstMatrixView Keys(ConstMatrixView x) const {
    return x.Rows(first_key_, end_key_ - first_key_);
  }
  MatrixView Keys(MatrixView x) const {
    return x.Rows(first_key_, end_key_ - first_key_);
  }
  // Their columns of rows [queries, T].
  ConstMatrixView Seen(ConstMatrixView rows) const {
    return ColumnsOf(rows, first_key_, end_key_ - first_key_);
  }

  MatrixView pattern() { return RowsOf(pattern_); }
  MatrixView slope() { return RowsOf(slope_); }  // of scores or pattern

  // rows = scale * dots with the keys, 0 where a query does not see one.
  void Dots(ConstMatrixView with, const ConstKeyBlocks& keys, float scale,
            MatrixView rows) {
    Scores(Queries(with), keys, first_key_ / kKeysInBlock,
           KeyBlockCount(end_key_), scale, rows);
    for (std::size_t i = 0; i < count_; ++i) {
      float* row = rows.Row(i);
      std::fill(row, row + SeenFrom(first_ + i), 0.0f);
      std::fill(row + first_ + i + 1, row + keys_, 0.0f);
    }
  }
  void AddDots(ConstMatrixView with, const ConstKeyBlocks& keys, float scale,
               MatrixView rows) {
    const MatrixView more = RowsOf(other_);
    Dots(with, keys, scale, more);
    for (std::size_t i = 0; i < count_; ++i) {
      Add(rows.RowSpan(i), more.RowSpan(i), rows.RowSpan(i));
    }
  }

  void ThroughSoftmax(MatrixView rows) {
    for (std::size_t i = 0; i < count_; ++i) {
      const std::size_t count = first_ + i + 1 - first_key_;
      MultiplyBySoftmaxJacobian(pattern().RowSpan(i).subspan(first_key_, count),
                                rows.RowSpan(i).subspan(first_key_, count));
    }
  }
  void ThroughCap(MatrixView rows) {
    if (run_.shape.softcap == 0) return;
    for (std::size_t i = 0; i < count_; ++i) {
      MultiplyByCapSlope(run_.shape.softcap,
                         RowsOf(capped_).RowSpan(i).subspan(first_key_),
                         rows.RowSpan(i).subspan(first_key_));
    }
  }
  void Scale(MatrixView rows) const {
    for (std::size_t i = 0; i < count_; ++i) {
      for (float& x : rows.RowSpan(i)) x *= run_.shape.scale;
    }
  }

 private:
  MatrixView RowsOf(Scratch& scratch) {
    const MatrixView wide =
        scratch.Rows(count_, KeyBlockCount(keys_) * kKeysInBlock);
    return {wide.data, count_, keys_, wide.stride};
  }
  std::size_t SeenFrom(std::size_t query) const {
    const std::size_t window = run_.shape.window;
    return window > 0 && query >= window ? query + 1 - window : 0;
  }

  // Computes scores and pattern of the block again, and keeps what derivatives
  // ask for.
  void Attend() {
    const auto keep = [this](const AttentionObserver& observer, Scratch& to) {
      return [this, &observer, &to](std::size_t first, MatrixView rows) {
        if (observer) observer(first, rows);
        for (std::size_t i = 0; i < rows.rows; ++i) {
          std::ranges::copy(rows.RowSpan(i),
                            RowsOf(to).Row(first - first_ + i));
        }
      };
    };
    AttentionObserver on_scores = run_.on_scores;
    if (run_.shape.softcap != 0) on_scores = keep(run_.on_scores, capped_);
    AttendHead(run_.shape, run_.q, run_.key_blocks, run_.v, first_,
               first_ + count_, on_scores, keep(run_.on_pattern, pattern_),
               z_.Rows(keys_, run_.shape.head_dim));
  }

  const HeadRun& run_;
  const std::size_t keys_;  // T
  const std::size_t floats_;
  Scratch pattern_, capped_, slope_, other_, z_;
  std::size_t first_ = 0, count_ = 0;        // queries of the block
  std::size_t first_key_ = 0, end_key_ = 0;  // seen by any of them
};

}  // namespace

void AttendHeadAdjoint(const HeadRun& run,
                       std::span<const HeadCotangent> copies) {
  for (const HeadCotangent& copy : copies) {
    Clear(copy.dq);
    Clear(copy.dk);
    Clear(copy.dv);
  }
  QueryBlocks blocks(run);
  blocks.ForEach([&] {
    for (const HeadCotangent& copy : copies) {
      const MatrixView slope = blocks.slope();
      blocks.Dots(copy.dz, run.value_blocks, 1, slope);
      if (copy.on_pattern) copy.on_pattern(blocks.first(), slope);
      AddWeightedRows(RowFactors::OfColumns(blocks.Seen(blocks.pattern())),
                      blocks.Queries(copy.dz), blocks.Keys(copy.dv));
      blocks.ThroughSoftmax(slope);
      if (copy.on_scores) copy.on_scores(blocks.first(), slope);
      blocks.ThroughCap(slope);
      blocks.Scale(slope);
      AddWeightedRows(RowFactors::OfRows(blocks.Seen(slope)),
                      blocks.Keys(run.k), blocks.Queries(copy.dq));
      AddWeightedRows(RowFactors::OfColumns(blocks.Seen(slope)),
                      blocks.Queries(run.q), blocks.Keys(copy.dk));
    }
  });
}

void AttendHeadTangent(const HeadRun& run,
                       std::span<const HeadTangent> copies) {
  for (const HeadTangent& copy : copies) Clear(copy.dz);
  QueryBlocks blocks(run);
  blocks.ForEach([&] {
    for (const HeadTangent& copy : copies) {
      const MatrixView slope = blocks.slope();
      blocks.Dots(copy.dq, run.key_blocks, run.shape.scale, slope);
      blocks.AddDots(run.q, copy.dk, run.shape.scale, slope);
      blocks.ThroughCap(slope);
      if (copy.on_scores) copy.on_scores(blocks.first(), slope);
      blocks.ThroughSoftmax(slope);
      if (copy.on_pattern) copy.on_pattern(blocks.first(), slope);
      const MatrixView dz = blocks.Queries(copy.dz);
      AddWeightedRows(RowFactors::OfRows(blocks.Seen(slope)),
                      blocks.Keys(run.v), dz);
      AddWeightedRows(RowFactors::OfRows(blocks.Seen(blocks.pattern())),
                      blocks.Keys(copy.dv), dz);
    }
  });
}

}  // namespace pellucid::kernels
