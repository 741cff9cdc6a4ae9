// Attention of a forward pass: projections, norms and rotation of heads, and
// the scores that kernels/attention.h turns into what is added to the stream.
#include <algorithm>
#include <span>
#include <utility>

#include "kernels/attention.h"
#include "model/attention_parts.h"
#include "model/forward_pass.h"
#include "model/normalise.h"

namespace pellucid {
namespace {

// Queries that one attention task works on: small enough to share a short
// prompt's heads out, large enough that keys stay in cache for a block.
constexpr std::size_t kQueryBlock = 64;

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
  ropes_ = MakeRopeTables(spec_, prompts_);
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

ConstMatrixView ForwardPass::AttentionInput(std::size_t layer,
                                            const LayerWeights& w) {
  if (w.attn_norm.empty() || spec_.norm_after_add) return residual_;
  Norm(w.attn_norm, residual_, normed_);
  Visit({Point::kAttnNorm, layer}, normed_);
  return normed_;
}

void ForwardPass::Attention(std::size_t layer, const LayerWeights& w,
                            ConstMatrixView& input) {
  Project(layer, w, input);
  if (!w.query_norm.empty()) NormHeads(layer, w);
  Rotate(layer);
  KeepKeys(layer);
  c_.pool.For(
      active_tasks_, [&](std::size_t i) { Attend(layer, attention_tasks_[i]); },
      stop_);
  Visit({Point::kZ, layer}, z_);
  if (CanDropUnread(layer)) DropUnread(input);
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
  const MatrixView parts[] = {query_, key_, value_};
  ForEachRow(grouped.rows, [&](std::size_t t) {
    const float* row = grouped.Row(t);
    ForEachGroupedPart(spec_, [&](std::size_t from, std::size_t part,
                                  std::size_t to, std::size_t count) {
      std::copy_n(row + from, count, parts[part].Row(t) + to);
    });
  });
}

void ForwardPass::NormHeads(std::size_t layer, const LayerWeights& w) {
  NormHeads(w.query_norm, query_);
  Visit({Point::kQueryNorm, layer}, query_);
  NormHeads(w.key_norm, key_);
  Visit({Point::kKeyNorm, layer}, key_);
}

void ForwardPass::NormHeads(const NormWeights& weights, MatrixView x) {
  ForEachNormedPart(
      spec_, weights, x.cols,
      [&](const NormWeights& w, std::size_t begin, std::size_t count) {
        const MatrixView part = Columns(x, begin, count);
        Norm(w, part, part);
      });
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
        MaskUnseen(UnseenValue(key.point), spec_.layers[key.layer].window,
                   prompts_.past(task.prompt) + first, rows);
      }
      if (options_.probe != nullptr && options_.probe->Wants(key)) {
        options_.probe->VisitAttention(key, task.prompt, task.head, first,
                                       rows);
      }
    };
  };
  kernels::AttendHead(ShapeOfHead(spec_, layer, task.head, alibi_, keys),
                      head_of(query_), kept.Keys(kv_head, first_key, keys),
                      kept.Values(kv_head, first_key, keys), task.first_query,
                      std::min(task.first_query + kQueryBlock, length),
                      observer(Point::kScores), observer(Point::kPattern),
                      head_of(z_));
}

}  // namespace pellucid
