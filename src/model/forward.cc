#include "model/forward.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include "base/float_environment.h"
#include "kernels/activation.h"
#include "kernels/attention.h"
#include "kernels/decode.h"
#include "kernels/elementwise.h"
#include "kernels/linear.h"
#include "kernels/rope.h"
#include "model/normalise.h"
#include "model/row_blocks.h"

namespace pellucid {
namespace {

// Queries that one attention task works on: small enough to share a short
// prompt's heads out, large enough that keys stay in cache for a block.
constexpr std::size_t kQueryBlock = 64;

// Columns [begin, begin + count) of a matrix.
MatrixView Columns(MatrixView x, std::size_t begin, std::size_t count) {
  return {x.data + begin, x.rows, count, x.stride};
}

class ForwardPass {
 public:
  // `locate`: look for non-finite numbers at every site, not only after each
  // block, to name the first one.
  ForwardPass(const ForwardContext& context, const PackedPrompts& prompts,
              Probe* probe, bool locate);

  Result<Buffer> Run(const std::stop_token& stop, const Progress& progress);

 private:
  // Queries of one head of one prompt that one task works on.
  struct AttentionTask {
    std::size_t prompt, head, first_query;
  };

  void Embed();
  void AddPositions();
  void MakeRotary();
  void RunBlock(std::size_t layer);
  void Attention(std::size_t layer, const LayerWeights& w);
  void Project(std::size_t layer, const LayerWeights& w);
  void KeepKeys(std::size_t layer);
  void Attend(std::size_t layer, const AttentionTask& task);
  void Mlp(std::size_t layer, const LayerWeights& w);
  void VisitHead();

  void Norm(const NormWeights& w, ConstMatrixView in, MatrixView out);
  struct Product {
    const LinearWeights& weights;
    MatrixView out;
  };
  // Several products of the same input, as one piece of work.
  void Linear(ConstMatrixView in, std::initializer_list<Product> products);
  void Linear(ConstMatrixView in, const LinearWeights& w, MatrixView out) {
    Linear(in, {{w, out}});
  }
  void AddTo(MatrixView x, ConstMatrixView delta);
  void Rotate(MatrixView x);
  template <typename Work>
  void ForEachRow(std::size_t rows, const Work& work);

  // Shows the value of a point to the probe, and checks it where asked to.
  void Visit(SiteKey key, ConstMatrixView value);
  void Check(SiteKey key, ConstMatrixView value);
  Error NonFinite() const;

  const ForwardContext& c_;
  const ArchSpec& spec_;
  const PackedPrompts& prompts_;
  Probe* probe_;
  const bool locate_;
  std::stop_token stop_;

  kernels::RopeTable rope_;
  Buffer residual_;  // [tokens, d_model]
  Buffer normed_;    // [tokens, d_model]
  Buffer qkv_;       // [tokens, queries, keys and values of all heads]
  MatrixView query_, key_, value_;  // columns of qkv_, [tokens, heads * dim]
  LayerKeys own_keys_;  // of the prompts without a cache, in a layer
  std::vector<std::size_t> first_key_;  // there, of each prompt
  std::vector<AttentionTask> attention_tasks_;
  Buffer z_;          // [tokens, n_heads * head_dim]
  Buffer delta_;      // [tokens, d_model]: what a module adds
  Buffer gate_, up_;  // [tokens, d_mlp]; no gate_ where the MLP has none

  bool found_ = false;  // a non-finite number: where
  SiteKey bad_site_;
  std::size_t bad_token_ = 0;
};

ForwardPass::ForwardPass(const ForwardContext& context,
                         const PackedPrompts& prompts, Probe* probe,
                         bool locate)
    : c_(context),
      spec_(context.spec),
      prompts_(prompts),
      probe_(probe),
      locate_(locate),
      residual_(prompts.tokens(), spec_.d_model),
      normed_(prompts.tokens(), spec_.d_model),
      qkv_(prompts.tokens(), spec_.QueryWidth() + 2 * spec_.KeyWidth()),
      query_(Columns(qkv_.view(), 0, spec_.QueryWidth())),
      key_(Columns(qkv_.view(), spec_.QueryWidth(), spec_.KeyWidth())),
      value_(Columns(qkv_.view(), spec_.QueryWidth() + spec_.KeyWidth(),
                     spec_.KeyWidth())),
      z_(prompts.tokens(), spec_.QueryWidth()),
      delta_(prompts.tokens(), spec_.d_model),
      up_(prompts.tokens(), spec_.d_mlp) {
  const bool gated = !context.weights.layers.front().gate.weight.empty();
  if (gated) gate_ = Buffer(prompts.tokens(), spec_.d_mlp);
  std::size_t own_tokens = 0;
  for (std::size_t p = 0; p < prompts.count(); ++p) {
    first_key_.push_back(own_tokens);
    if (prompts.cache(p) == nullptr) {
      own_tokens +=
          kernels::KeyBlockCount(prompts.length(p)) * kernels::kKeysInBlock;
    }
    for (std::size_t head = 0; head < spec_.n_heads; ++head) {
      for (std::size_t q = 0; q < prompts.length(p); q += kQueryBlock) {
        attention_tasks_.push_back({p, head, q});
      }
    }
  }
  own_keys_ = LayerKeys(spec_.n_kv_heads, spec_.head_dim, own_tokens);
}

Result<Buffer> ForwardPass::Run(const std::stop_token& stop,
                                const Progress& progress) {
  const FloatEnvironment environment;
  stop_ = stop;
  Embed();
  for (std::size_t layer = 0; layer < spec_.n_layers && !found_; ++layer) {
    RunBlock(layer);
    if (stop_.stop_requested()) return CancelledError("run: stopped");
    if (progress) {
      progress(static_cast<double>(layer + 1) /
               static_cast<double>(spec_.n_layers));
    }
  }
  if (!found_) VisitHead();
  if (stop_.stop_requested()) return CancelledError("run: stopped");
  if (found_) return NonFinite();
  return std::move(residual_);
}

void ForwardPass::Embed() {
  const MatrixView x = residual_.view();
  const WeightView& embed = c_.weights.embed;
  for (std::size_t t = 0; t < x.rows; ++t) {
    const auto id = static_cast<std::size_t>(prompts_.ids[t]);
    kernels::DecodeRow(embed.dtype, embed.Row(id), x.RowSpan(t));
  }
  Visit({Point::kEmbedTokens}, x);
  if (!c_.weights.positions.empty()) AddPositions();
  Visit({Point::kEmbed}, x);
  Check({Point::kEmbed}, x);
  if (!spec_.inv_freq.empty()) MakeRotary();
}

void ForwardPass::AddPositions() {
  const WeightView& table = c_.weights.positions;
  const MatrixView learned = delta_.view();
  for (std::size_t p = 0; p < prompts_.count(); ++p) {
    const std::size_t begin = prompts_.offsets[p], past = prompts_.past(p);
    for (std::size_t i = 0; i < prompts_.length(p); ++i) {
      kernels::DecodeRow(table.dtype, table.Row(past + i),
                         learned.RowSpan(begin + i));
    }
  }
  Visit({Point::kPosEmbed}, learned);
  AddTo(residual_.view(), learned);
}

void ForwardPass::MakeRotary() {
  for (std::size_t p = 0; p < prompts_.count(); ++p) {
    rope_.Append(spec_.inv_freq, prompts_.past(p), prompts_.length(p));
  }
  if (probe_ == nullptr || !probe_->Wants({Point::kRotary})) return;
  Buffer cos(prompts_.tokens(), 2 * rope_.half);  // an angle serves two halves
  for (std::size_t t = 0; t < prompts_.tokens(); ++t) {
    const float* row = rope_.cos.data() + t * rope_.half;
    std::copy_n(row, rope_.half, cos.view().Row(t));
    std::copy_n(row, rope_.half, cos.view().Row(t) + rope_.half);
  }
  Visit({Point::kRotary}, cos.view());
}

void ForwardPass::RunBlock(std::size_t layer) {
  const LayerWeights& w = c_.weights.layers[layer];
  Visit({Point::kResidPre, layer}, residual_.view());
  Attention(layer, w);
  AddTo(residual_.view(), delta_.view());
  Visit({Point::kResidMid, layer}, residual_.view());
  Mlp(layer, w);
  AddTo(residual_.view(), delta_.view());
  Visit({Point::kResidPost, layer}, residual_.view());
  if (!stop_.stop_requested()) {
    Check({Point::kResidPost, layer}, residual_.view());
  }
}

void ForwardPass::Project(std::size_t layer, const LayerWeights& w) {
  const ConstMatrixView in = normed_.view();
  if (!w.qkv.weight.empty()) {
    Linear(in, w.qkv, qkv_.view());
    Visit({Point::kQkv, layer}, qkv_.view());
  } else {
    Linear(in, {{w.query, query_}, {w.key, key_}, {w.value, value_}});
  }
  Visit({Point::kQuery, layer}, query_);
  Visit({Point::kKey, layer}, key_);
  Visit({Point::kValue, layer}, value_);
}

void ForwardPass::Attention(std::size_t layer, const LayerWeights& w) {
  Norm(w.attn_norm, residual_.view(), normed_.view());
  Visit({Point::kAttnNorm, layer}, normed_.view());
  Project(layer, w);
  if (!spec_.inv_freq.empty()) {
    Rotate(query_);
    Rotate(key_);
  }
  KeepKeys(layer);
  c_.pool.For(
      attention_tasks_.size(),
      [&](std::size_t i) { Attend(layer, attention_tasks_[i]); }, stop_);
  Visit({Point::kZ, layer}, z_.view());
  Linear(z_.view(), w.attn_out, delta_.view());
  Visit({Point::kAttnProj, layer}, delta_.view());
  Visit({Point::kAttn, layer}, delta_.view());
}

void ForwardPass::KeepKeys(std::size_t layer) {
  for (std::size_t p = 0; p < prompts_.count(); ++p) {
    const std::size_t begin = prompts_.offsets[p], count = prompts_.length(p);
    KvCache* cache = prompts_.cache(p);
    LayerKeys& keys = cache == nullptr ? own_keys_ : cache->layer(layer);
    keys.Store(cache == nullptr ? first_key_[p] : cache->length(),
               key_.Rows(begin, count), value_.Rows(begin, count));
  }
}

void ForwardPass::Attend(std::size_t layer, const AttentionTask& task) {
  const std::size_t begin = prompts_.offsets[task.prompt];
  const std::size_t length = prompts_.length(task.prompt);
  const auto head_of = [&](MatrixView matrix) {
    matrix = matrix.Rows(begin, length);
    matrix.data += task.head * spec_.head_dim;
    matrix.cols = spec_.head_dim;
    return matrix;
  };
  KvCache* cache = prompts_.cache(task.prompt);
  const LayerKeys& kept = cache == nullptr ? own_keys_ : cache->layer(layer);
  const std::size_t kv_head = task.head / (spec_.n_heads / spec_.n_kv_heads);
  const std::size_t first_key = cache == nullptr ? first_key_[task.prompt] : 0;
  const std::size_t keys = prompts_.past(task.prompt) + length;
  const auto observer = [&](Point point) -> kernels::AttentionObserver {
    const SiteKey key{point, layer};
    if (probe_ == nullptr || !probe_->Wants(key)) return {};
    return [this, key, &task](std::size_t first, MatrixView rows) {
      probe_->VisitAttention(key, task.prompt, task.head, first, rows);
    };
  };
  const kernels::AttentionShape shape{
      spec_.head_dim, spec_.attention_scale[layer], spec_.window};
  kernels::AttendHead(
      shape, head_of(query_), kept.Keys(kv_head, first_key, keys),
      kept.Values(kv_head, first_key, keys), task.first_query,
      std::min(task.first_query + kQueryBlock, length),
      observer(Point::kScores), observer(Point::kPattern), head_of(z_.view()));
}

void ForwardPass::Mlp(std::size_t layer, const LayerWeights& w) {
  Norm(w.mlp_norm, residual_.view(), normed_.view());
  Visit({Point::kMlpNorm, layer}, normed_.view());
  const bool gated = !w.gate.weight.empty();
  const MatrixView up = up_.view();
  if (gated) {
    Linear(normed_.view(), {{w.gate, gate_.view()}, {w.up, up}});
    Visit({Point::kGate, layer}, gate_.view());
  } else {
    Linear(normed_.view(), w.up, up);
  }
  Visit({Point::kUp, layer}, up);
  // What is activated: the gate, which then scales `up`, or `up` itself.
  const MatrixView active = gated ? gate_.view() : up;
  ForEachRow(active.rows, [&](std::size_t t) {
    kernels::Activate(spec_.activation, active.RowSpan(t), active.RowSpan(t));
  });
  Visit({Point::kAct, layer}, active);
  if (gated) {
    ForEachRow(up.rows, [&](std::size_t t) {
      kernels::Multiply(active.RowSpan(t), up.RowSpan(t), up.RowSpan(t));
    });
  }
  Visit({Point::kMlpPost, layer}, up);
  Linear(up, w.down, delta_.view());
  Visit({Point::kDown, layer}, delta_.view());
  Visit({Point::kMlp, layer}, delta_.view());
}

// The head is run on every token only where somebody looks at it.
void ForwardPass::VisitHead() {
  if (probe_ == nullptr) return;
  const bool logits =
      probe_->Wants({Point::kHead}) || probe_->Wants({Point::kLogits});
  if (!logits && !probe_->Wants({Point::kFinalNorm})) return;
  c_.head.Normalise(c_.pool, residual_.view(), normed_.view());
  Visit({Point::kFinalNorm}, normed_.view());
  Check({Point::kFinalNorm}, normed_.view());
  if (!logits || found_) return;
  Buffer all(prompts_.tokens(), spec_.vocab_size);
  c_.head.Project(c_.pool, normed_.view(), all.view(), stop_);
  if (stop_.stop_requested()) return;
  Visit({Point::kHead}, all.view());
  Check({Point::kHead}, all.view());
  Visit({Point::kLogits}, all.view());
}

void ForwardPass::Norm(const NormWeights& w, ConstMatrixView in,
                       MatrixView out) {
  Normalise(c_.pool, spec_, w, in, out);
}

template <typename Work>
void ForwardPass::ForEachRow(std::size_t rows, const Work& work) {
  ForRowBlocks(c_.pool, rows, [&](std::size_t begin, std::size_t count) {
    for (std::size_t t = begin; t < begin + count; ++t) work(t);
  });
}

void ForwardPass::Linear(ConstMatrixView in,
                         std::initializer_list<Product> products) {
  std::vector<kernels::LinearOutput> outputs;
  outputs.reserve(products.size());
  for (const auto& [w, out] : products) {
    outputs.push_back({w.weight, w.bias, out});
  }
  kernels::Linear(c_.pool, in, outputs, stop_);
}

void ForwardPass::AddTo(MatrixView x, ConstMatrixView delta) {
  ForEachRow(x.rows, [&](std::size_t t) {
    kernels::Add(x.RowSpan(t), delta.RowSpan(t), x.RowSpan(t));
  });
}

void ForwardPass::Rotate(MatrixView x) {
  ForRowBlocks(c_.pool, x.rows, [&](std::size_t first, std::size_t count) {
    kernels::ApplyRope(rope_, first, spec_.head_dim, x.Rows(first, count));
  });
}

void ForwardPass::Visit(SiteKey key, ConstMatrixView value) {
  if (locate_) Check(key, value);
  if (probe_ != nullptr && probe_->Wants(key)) probe_->Visit(key, value);
}

void ForwardPass::Check(SiteKey key, ConstMatrixView value) {
  if (found_) return;
  for (std::size_t t = 0; t < value.rows; ++t) {
    if (kernels::FirstNonFinite(value.RowSpan(t)) == value.cols) continue;
    found_ = true;
    bad_site_ = key;
    bad_token_ = t;
    return;
  }
}

Error ForwardPass::NonFinite() const {
  const auto after = std::upper_bound(prompts_.offsets.begin(),
                                      prompts_.offsets.end(), bad_token_);
  const auto prompt =
      static_cast<std::size_t>(after - prompts_.offsets.begin()) - 1;
  return NonFiniteError(
      c_.table.NameOf(bad_site_),
      prompts_.past(prompt) + bad_token_ - prompts_.offsets[prompt]);
}

}  // namespace

Error NonFiniteError(const std::string& site, std::size_t position) {
  return ModelError(fmt::format(
      "run: {}: non-finite activation at position {}; the weights are damaged "
      "or overflow float32",
      site, position));
}

Result<Buffer> RunForward(const ForwardContext& context,
                          const PackedPrompts& prompts, Probe* probe,
                          const std::stop_token& stop,
                          const Progress& progress) {
  for (std::size_t p = 0; p < prompts.count(); ++p) {
    if (prompts.cache(p) == nullptr) continue;
    PELLUCID_RETURN_IF_ERROR(prompts.cache(p)->Reserve(prompts.length(p)));
  }
  Result<Buffer> done = ForwardPass(context, prompts, probe, /*locate=*/false)
                            .Run(stop, progress);
  if (done.ok()) {
    for (std::size_t p = 0; p < prompts.count(); ++p) {
      if (prompts.cache(p) != nullptr) {
        prompts.cache(p)->Extend(prompts.length(p));
      }
    }
    return done;
  }
  if (done.error().code != ErrorCode::kModel) return done;
  // The same numbers again, looked at everywhere, to name the first site. The
  // head was already looked at, and is not run again.
  Result<Buffer> located =
      ForwardPass(context, prompts, nullptr, /*locate=*/true).Run(stop, {});
  if (located.ok()) return done.error();
  return located;
}

}  // namespace pellucid
