// Attention in reverse: output projection, heads
// (kernels/attention_jacobian.h), rotation and norms of heads, projections.
#include <algorithm>
#include <vector>

#include "kernels/attention_jacobian.h"
#include "kernels/elementwise.h"
#include "model/backward_pass.h"
#include "model/normalise.h"

namespace pellucid {

void BackwardPass::Attention(std::size_t layer, const LayerWeights& w,
                             const BlockRecord& record) {
  if (!spec_.modules_add_residual) Visit({Point::kAttn, layer}, branch_.view());
  Visit({Point::kAttnProj, layer}, branch_.view());
  Linear({{w.attn_out.weight, branch_.view()}}, z_.view());
  if (Stopped()) return;
  Visit({Point::kZ, layer}, z_.view());
  LoadAttention(layer, w, record);
  ForHeads([&](const HeadTask& task) { Attend(layer, task); });
  if (Stopped()) return;
  if (HeadsOfKey() > 1) AddUpGroups();
  UnrotateHeads(layer);
  if (!w.query_norm.empty()) UnnormHeads(layer, w, record);
  Unproject(layer, w);
}

void BackwardPass::Attend(std::size_t layer, const HeadTask& task) {
  const bool shared = HeadsOfKey() > 1;
  const std::size_t width = spec_.QueryWidth();
  const MatrixView keys = shared ? Columns(wide_.view(), 0, width) : key_;
  const MatrixView values =
      shared ? Columns(wide_.view(), width, width) : value_;
  std::vector<kernels::HeadCotangent> copies;
  for (std::size_t c = task.first_copy; c < task.end_copy; ++c) {
    copies.push_back(
        {.dz = OfHead(z_.view(), task.prompt, task.head, c),
         .dq = OfHead(query_, task.prompt, task.head, c),
         .dk = OfHead(keys, task.prompt, task.head, c),
         .dv = OfHead(values, task.prompt, task.head, c),
         .on_scores = Observer({Point::kScores, layer}, task, c),
         .on_pattern = Observer({Point::kPattern, layer}, task, c)});
  }
  kernels::AttendHeadAdjoint(RunOfHead(layer, task), copies);
}

// Query heads that share keys and values, in their order.
void BackwardPass::AddUpGroups() {
  const std::size_t dim = spec_.head_dim, width = spec_.QueryWidth();
  ForRows([&](std::size_t first, std::size_t, std::size_t count) {
    for (std::size_t r = first; r < first + count; ++r) {
      const std::span<const float> wide = wide_.view().RowSpan(r);
      for (const auto& [sums, from] :
           {std::pair(key_, std::size_t{0}), std::pair(value_, width)}) {
        for (std::size_t head = 0; head < spec_.n_heads; ++head) {
          const auto part = wide.subspan(from + head * dim, dim);
          const auto sum =
              sums.RowSpan(r).subspan(head / HeadsOfKey() * dim, dim);
          if (head % HeadsOfKey() == 0) {
            std::ranges::copy(part, sum.begin());
          } else {
            kernels::Add(sum, part, sum);
          }
        }
      }
    }
  });
}

void BackwardPass::UnrotateHeads(std::size_t layer) {
  const kernels::RopeTable* const table = RopeOf(layer);
  if (table == nullptr) return;
  ForRows([&](std::size_t row, std::size_t recorded, std::size_t count) {
    for (const MatrixView x : {query_, key_}) {
      kernels::ApplyRopeAdjoint(*table, recorded, spec_.head_dim,
                                x.Rows(row, count));
    }
  });
}

void BackwardPass::UnnormHeads(std::size_t layer, const LayerWeights& w,
                               const BlockRecord& record) {
  const auto unnorm = [&](const NormWeights& weights, Point point,
                          MatrixView g) {
    ForEachNormedPart(
        spec_, weights, g.cols,
        [&](const NormWeights& part, std::size_t begin, std::size_t count) {
          Norm(part, Columns(record[point], begin, count),
               Columns(g, begin, count));
        });
  };
  Visit({Point::kKeyNorm, layer}, key_);
  unnorm(w.key_norm, Point::kKey, key_);
  Visit({Point::kQueryNorm, layer}, query_);
  unnorm(w.query_norm, Point::kQuery, query_);
}

void BackwardPass::Unproject(std::size_t layer, const LayerWeights& w) {
  Visit({Point::kValue, layer}, value_);
  Visit({Point::kKey, layer}, key_);
  Visit({Point::kQuery, layer}, query_);
  if (w.qkv.empty()) {
    return Linear({{w.query.weight, query_},
                   {w.key.weight, key_},
                   {w.value.weight, value_}},
                  input_.view());
  }
  MatrixView whole = qkv_.view();
  if (spec_.qkv_layout == QkvLayout::kGroups) {
    whole = grouped_.view();
    const MatrixView parts[] = {query_, key_, value_};
    ForRows([&](std::size_t first, std::size_t, std::size_t count) {
      for (std::size_t r = first; r < first + count; ++r) {
        ForEachGroupedPart(spec_, [&](std::size_t to, std::size_t part,
                                      std::size_t from, std::size_t n) {
          std::copy_n(parts[part].Row(r) + from, n, whole.Row(r) + to);
        });
      }
    });
  }
  Visit({Point::kQkv, layer}, whole);
  Linear({{w.qkv.weight, whole}}, input_.view());
}

}  // namespace pellucid
