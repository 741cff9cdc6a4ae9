// Attention of a tangent, in the order of forward_attention.cc.
#include <algorithm>
#include <vector>

#include "kernels/attention_jacobian.h"
#include "model/normalise.h"
#include "model/tangent_pass.h"

namespace pellucid {

void TangentPass::Attention(std::size_t layer, const LayerWeights& w,
                            const BlockRecord& record, ConstMatrixView input) {
  Project(layer, w, input);
  if (Stopped()) return;
  if (!w.query_norm.empty()) NormHeads(layer, w, record);
  if (const kernels::RopeTable* table = RopeOf(layer); table != nullptr) {
    ForRows([&](std::size_t row, std::size_t recorded, std::size_t count) {
      for (const MatrixView x : {query_, key_}) {
        kernels::ApplyRope(*table, recorded, spec_.head_dim,
                           x.Rows(row, count));
      }
    });
  }
  KeepKeys();
  LoadAttention(layer, w, record);
  ForHeads([&](const HeadTask& task) { Attend(layer, task); });
  if (Stopped()) return;
  Visit({Point::kZ, layer}, z_.view());
  Linear(z_.view(), {{w.attn_out.weight, delta_.view()}});
  if (Stopped()) return;
  Visit({Point::kAttnProj, layer}, delta_.view());
  if (!spec_.modules_add_residual) Visit({Point::kAttn, layer}, delta_.view());
}

void TangentPass::Project(std::size_t layer, const LayerWeights& w,
                          ConstMatrixView input) {
  if (w.qkv.empty()) {
    Linear(input, {{w.query.weight, query_},
                   {w.key.weight, key_},
                   {w.value.weight, value_}});
  } else {
    const bool grouped = spec_.qkv_layout == QkvLayout::kGroups;
    const MatrixView whole = grouped ? grouped_.view() : qkv_.view();
    Linear(input, {{w.qkv.weight, whole}});
    Visit({Point::kQkv, layer}, whole);
    const MatrixView parts[] = {query_, key_, value_};
    for (std::size_t r = 0; grouped && r < rows(); ++r) {
      ForEachGroupedPart(spec_, [&](std::size_t from, std::size_t part,
                                    std::size_t to, std::size_t count) {
        std::copy_n(whole.Row(r) + from, count, parts[part].Row(r) + to);
      });
    }
  }
  Visit({Point::kQuery, layer}, query_);
  Visit({Point::kKey, layer}, key_);
  Visit({Point::kValue, layer}, value_);
}

void TangentPass::NormHeads(std::size_t layer, const LayerWeights& w,
                            const BlockRecord& record) {
  const auto norm = [&](const NormWeights& weights, Point point, MatrixView x) {
    ForEachNormedPart(
        spec_, weights, x.cols,
        [&](const NormWeights& own, std::size_t begin, std::size_t count) {
          const MatrixView part = Columns(x, begin, count);
          Norm(own, Columns(record[point], begin, count), part, part);
        });
  };
  norm(w.query_norm, Point::kQuery, query_);
  Visit({Point::kQueryNorm, layer}, query_);
  norm(w.key_norm, Point::kKey, key_);
  Visit({Point::kKeyNorm, layer}, key_);
}

void TangentPass::KeepKeys() {
  for (std::size_t c = 0; c < options_.copies; ++c) {
    for (std::size_t p = 0; p < prompts_.count(); ++p) {
      const std::size_t begin = c * tokens_ + prompts_.offsets[p];
      const std::size_t length = prompts_.length(p);
      keys_[c].Store(FirstKey(p), key_.Rows(begin, length),
                     value_.Rows(begin, length));
    }
  }
}

void TangentPass::Attend(std::size_t layer, const HeadTask& task) {
  const std::size_t first = FirstKey(task.prompt);
  const std::size_t tokens = prompts_.length(task.prompt);
  std::vector<kernels::HeadTangent> copies;
  for (std::size_t c = task.first_copy; c < task.end_copy; ++c) {
    copies.push_back(
        {.dq = OfHead(query_, task.prompt, task.head, c),
         .dk = keys_[c].Keys(task.kv_head, first, tokens),
         .dv = keys_[c].Values(task.kv_head, first, tokens),
         .dz = OfHead(z_.view(), task.prompt, task.head, c),
         .on_scores = Observer({Point::kScores, layer}, task, c),
         .on_pattern = Observer({Point::kPattern, layer}, task, c)});
  }
  kernels::AttendHeadTangent(RunOfHead(layer, task), copies);
}

}  // namespace pellucid
