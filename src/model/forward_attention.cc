// Attention of a forward pass: projections, norms and rotation of heads, and
// the scores that kernels/attention.h turns into what is added to the stream.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

#include "kernels/attention.h"
#include "model/forward_pass.h"
#include "model/normalise.h"

namespace pellucid {
namespace {

// Queries that one attention task works on: small enough to share a short
// prompt's heads out, large enough that keys stay in cache for a block.
constexpr std::size_t kQueryBlock = 64;

// To the nearest bfloat16, ties to even.
float RoundToBf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t odd = bits >> 16 & 1;
  return std::bit_cast<float>((bits + 0x7FFF + odd) & 0xFFFF0000);
}

// Keys before the window, which an edit may have written to, as what attention
// makes of them. The first row is that of `first_query`.
void MaskUnseen(Point point, std::size_t window, std::size_t first_query,
                MatrixView rows) {
  const float unseen =
      point == Point::kPattern ? 0 : -std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const std::size_t end = first_query + i + 1;
    if (window > 0 && end > window) {
      std::fill_n(rows.Row(i), end - window, unseen);
    }
  }
}

}  // namespace

void ForwardPass::PlanAttention() {
  const std::size_t tokens = prompts_.tokens();
  const std::size_t queries = spec_.QueryWidth(), keys = spec_.KeyWidth();
  rows_.qkv = Buffer(tokens, queries + 2 * keys);
  if (spec_.qkv_layout == QkvLayout::kGroups) {
    rows_.grouped = Buffer(tokens, queries + 2 * keys);
  }
  rows_.z = Buffer(tokens, queries);
  std::size_t own_tokens = 0;
  for (std::size_t p = 0; p < prompts_.count(); ++p) {
    first_key_.push_back(own_tokens);
    first_task_.push_back(attention_tasks_.size());
    if (prompts_.cache(p) == nullptr) {
      own_tokens +=
          kernels::KeyBlockCount(prompts_.past(p) + prompts_.length(p)) *
          kernels::kKeysInBlock;
    }
    for (std::size_t head = 0; head < spec_.n_heads; ++head) {
      for (std::size_t q = 0; q < prompts_.length(p); q += kQueryBlock) {
        attention_tasks_.push_back({p, head, q});
      }
    }
  }
  first_task_.push_back(attention_tasks_.size());
  own_keys_ = LayerKeys(spec_.n_kv_heads, spec_.head_dim, own_tokens);
}

void ForwardPass::MakeRotary() {
  for (const RopeSpec& rope : spec_.ropes) {
    kernels::RopeTable table;
    table.pairs = rope.pairs;
    table.scale = rope.scale;
    for (std::size_t p = 0; p < prompts_.count(); ++p) {
      table.Append(rope.FrequenciesFor(prompts_.whole_length(p)),
                   prompts_.past(p), prompts_.length(p));
    }
    ropes_.push_back(std::move(table));
  }
  if (!ropes_.empty()) VisitRotary(Point::kRotary, ropes_.front());
  if (ropes_.size() > 1) VisitRotary(Point::kRotaryLocal, ropes_[1]);
}

void ForwardPass::VisitRotary(Point point, const kernels::RopeTable& table) {
  if (!Looks({point})) return;
  const bool halves = table.pairs == kernels::RopePairs::kHalves;
  Buffer cos(prompts_.tokens(), 2 * table.half);  // an angle serves a pair
  for (std::size_t t = 0; t < prompts_.tokens(); ++t) {
    const float* row = table.cos.data() + t * table.half;
    float* out = cos.view().Row(t);
    for (std::size_t i = 0; i < table.half; ++i) {
      out[halves ? i : 2 * i] = row[i];
      out[halves ? table.half + i : 2 * i + 1] = row[i];
    }
  }
  Visit({point}, cos.view());
}

// Slope times position, by head and key. Falcon's numbers are those of its
// bfloat16 arithmetic; its scale, the same in every block, is applied to them.
void ForwardPass::MakeAlibi() {
  if (spec_.alibi.slopes.empty()) return;
  std::size_t positions = 0;
  for (std::size_t p = 0; p < prompts_.count(); ++p) {
    positions = std::max(positions, prompts_.past(p) + prompts_.length(p));
  }
  alibi_ = Buffer(spec_.n_heads, positions);
  for (std::size_t head = 0; head < spec_.n_heads; ++head) {
    const std::span<float> row = alibi_.view().RowSpan(head);
    const float slope = spec_.alibi.slopes[head];
    for (std::size_t k = 0; k < row.size(); ++k) {
      const auto position = static_cast<float>(k);
      row[k] = spec_.alibi.falcon
                   ? RoundToBf16(RoundToBf16(slope) * RoundToBf16(position)) *
                         spec_.layers.front().attention_scale
                   : slope * position;
    }
  }
}

ConstMatrixView ForwardPass::AttentionInput(std::size_t layer,
                                            const LayerWeights& w) {
  if (w.attn_norm.empty() || spec_.norm_after_add) return residual_;
  Norm(w.attn_norm, residual_, normed_);
  Visit({Point::kAttnNorm, layer}, normed_);
  return normed_;
}

void ForwardPass::Attention(std::size_t layer, const LayerWeights& w,
                            ConstMatrixView input) {
  Project(layer, w, input);
  if (!w.query_norm.empty()) NormHeads(layer, w);
  Rotate(layer);
  KeepKeys(layer);
  c_.pool.For(
      active_tasks_, [&](std::size_t i) { Attend(layer, attention_tasks_[i]); },
      stop_);
  Visit({Point::kZ, layer}, z_);
  Linear(z_, w.attn_out, delta_);
  Visit({Point::kAttnProj, layer}, delta_);
  if (!spec_.modules_add_residual) Visit({Point::kAttn, layer}, delta_);
}

void ForwardPass::Project(std::size_t layer, const LayerWeights& w,
                          ConstMatrixView in) {
  if (!w.qkv.empty()) {
    const bool grouped = spec_.qkv_layout == QkvLayout::kGroups;
    const MatrixView out = grouped ? grouped_ : qkv_;
    Linear(in, w.qkv, out);
    Visit({Point::kQkv, layer}, out);
    if (grouped) Ungroup(out);
  } else {
    Linear(in, {{w.query.weight, w.query.bias, query_},
                {w.key.weight, w.key.bias, key_},
                {w.value.weight, w.value.bias, value_}});
  }
  Visit({Point::kQuery, layer}, query_);
  Visit({Point::kKey, layer}, key_);
  Visit({Point::kValue, layer}, value_);
}

// Each key-value head's queries, key and value stand together in `grouped`.
void ForwardPass::Ungroup(ConstMatrixView grouped) {
  const std::size_t dim = spec_.head_dim;
  const std::size_t queries = spec_.n_heads / spec_.n_kv_heads * dim;
  ForEachRow(grouped.rows, [&](std::size_t t) {
    const float* from = grouped.Row(t);
    for (std::size_t group = 0; group < spec_.n_kv_heads; ++group) {
      std::copy_n(from, queries, query_.Row(t) + group * queries);
      std::copy_n(from + queries, dim, key_.Row(t) + group * dim);
      std::copy_n(from + queries + dim, dim, value_.Row(t) + group * dim);
      from += queries + 2 * dim;
    }
  });
}

void ForwardPass::NormHeads(std::size_t layer, const LayerWeights& w) {
  NormHeads(w.query_norm, query_);
  Visit({Point::kQueryNorm, layer}, query_);
  NormHeads(w.key_norm, key_);
  Visit({Point::kKeyNorm, layer}, key_);
}

void ForwardPass::NormHeads(const NormWeights& weights, MatrixView x) {
  if (spec_.qk_norm == QkNorm::kWhole) return Norm(weights, x, x);
  const std::size_t dim = spec_.head_dim;
  const bool shared = weights.weight.size() == dim;
  NormWeights own;  // of one head, where each has its own
  for (std::size_t begin = 0; begin < x.cols; begin += dim) {
    if (!shared) {
      const auto part = std::span(weights.weight).subspan(begin, dim);
      own.weight.assign(part.begin(), part.end());
    }
    const MatrixView head = Columns(x, begin, dim);
    Norm(shared ? weights : own, head, head);
  }
}

void ForwardPass::Rotate(std::size_t layer) {
  const LayerSpec& spec = spec_.layers[layer];
  if (ropes_.empty() || !spec.rope) return;
  const kernels::RopeTable& table = ropes_[*spec.rope];
  for (const MatrixView x : {query_, key_}) {
    ForRowBlocks(c_.pool, x.rows, [&](std::size_t first, std::size_t count) {
      kernels::ApplyRope(table, first, spec_.head_dim, x.Rows(first, count));
    });
  }
}

void ForwardPass::KeepKeys(std::size_t layer) {
  for (std::size_t p = 0; p < active_prompts_; ++p) {
    const MatrixView keys = key_.Rows(prompts_.offsets[p], prompts_.length(p));
    const MatrixView values =
        value_.Rows(prompts_.offsets[p], prompts_.length(p));
    if (KvCache* cache = prompts_.cache(p); cache != nullptr) {
      cache->layer(layer).Store(cache->length(), keys, values);
      continue;
    }
    if (const SharedPrefix prefix = prompts_.prefix(p); prefix.length > 0) {
      own_keys_.CopyFrom(prefix.cache->layer(layer), prefix.length,
                         first_key_[p]);
    }
    own_keys_.Store(first_key_[p] + prompts_.past(p), keys, values);
  }
}

void ForwardPass::Attend(std::size_t layer, const AttentionTask& task) {
  const std::size_t begin = prompts_.offsets[task.prompt];
  const std::size_t length = prompts_.length(task.prompt);
  const auto head_of = [&](MatrixView matrix) {
    return Columns(matrix.Rows(begin, length), task.head * spec_.head_dim,
                   spec_.head_dim);
  };
  KvCache* cache = prompts_.cache(task.prompt);
  const LayerKeys& kept = cache == nullptr ? own_keys_ : cache->layer(layer);
  const std::size_t kv_head = task.head / (spec_.n_heads / spec_.n_kv_heads);
  const std::size_t first_key = cache == nullptr ? first_key_[task.prompt] : 0;
  const std::size_t keys = prompts_.past(task.prompt) + length;
  const auto observer = [&](Point point) -> kernels::AttentionObserver {
    const SiteKey key{point, layer};
    if (!Looks(key)) return {};
    return [this, key, &task](std::size_t first, MatrixView rows) {
      if (options_.editor != nullptr && options_.editor->Edits(key)) {
        options_.editor->EditAttention(key, task.prompt, task.head, first,
                                       rows);
        MaskUnseen(key.point, spec_.layers[key.layer].window,
                   prompts_.past(task.prompt) + first, rows);
      }
      if (options_.probe != nullptr && options_.probe->Wants(key)) {
        options_.probe->VisitAttention(key, task.prompt, task.head, first,
                                       rows);
      }
    };
  };
  const LayerSpec& spec = spec_.layers[layer];
  kernels::AttentionShape shape{.head_dim = spec_.head_dim,
                                .scale = spec.attention_scale,
                                .window = spec.window,
                                .softcap = spec_.score_cap};
  if (!spec_.alibi.slopes.empty()) {
    shape.key_bias =
        std::as_const(alibi_).view().RowSpan(task.head).first(keys);
  }
  kernels::AttendHead(
      shape, head_of(query_), kept.Keys(kv_head, first_key, keys),
      kept.Values(kv_head, first_key, keys), task.first_query,
      std::min(task.first_query + kQueryBlock, length),
      observer(Point::kScores), observer(Point::kPattern), head_of(z_));
}

}  // namespace pellucid
