#include "model/forward.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "base/float_environment.h"
#include "kernels/decode.h"
#include "kernels/elementwise.h"
#include "kernels/linear.h"
#include "model/forward_pass.h"
#include "model/normalise.h"

namespace pellucid {
namespace {

// Whether any block has a dense MLP, and whether one of these has a gate.
struct DenseMlps {
  bool any = false, gated = false;
};

DenseMlps DenseMlpsOf(const Weights& weights) {
  DenseMlps found;
  for (const LayerWeights& w : weights.layers) {
    if (!w.mixture.experts.empty()) continue;
    found.any = true;
    found.gated |= !w.gate.empty() || !w.gate_up.empty();
  }
  return found;
}

// An edit of one of these changes logits alone.
constexpr Point kHeadPoints[] = {Point::kFinalNorm, Point::kProjectOut,
                                 Point::kHead, Point::kLogits};

void CopyRows(ConstMatrixView from, MatrixView to) {
  for (std::size_t r = 0; r < to.rows; ++r) {
    std::ranges::copy(from.RowSpan(r), to.Row(r));
  }
}

}  // namespace

ForwardPass::ForwardPass(const ForwardContext& context,
                         const PackedPrompts& prompts,
                         const ForwardOptions& options, bool locate)
    : c_(context),
      spec_(context.spec),
      prompts_(prompts),
      options_(options),
      locate_(locate),
      stop_(options.stop) {
  const std::size_t tokens = prompts.tokens(), d = spec_.d_model;
  rows_.residual = Buffer(tokens, d);
  rows_.normed = Buffer(tokens, d);
  rows_.delta = Buffer(tokens, d);
  if (spec_.order == BlockOrder::kParallel) rows_.branch = Buffer(tokens, d);
  const DenseMlps mlps = DenseMlpsOf(context.weights);
  if (mlps.any) {
    rows_.gate_up = Buffer(tokens, (mlps.gated ? 2 : 1) * spec_.d_mlp);
  }
  PlanAttention();
}

Result<Forwarded> ForwardPass::Run() {
  const FloatEnvironment environment;
  const std::size_t first = prompts_.first_layer();
  const std::size_t end = std::min(options_.end_layer, spec_.n_layers);
  Enter(first);
  if (prompts_.start_layers.empty()) {
    Embed();
  } else {
    CopyRows(prompts_.start_states, rows_.residual.view());
  }
  MakeRotary();
  alibi_ = MakeAlibi(spec_, prompts_);
  for (std::size_t layer = first; layer < end && !found_; ++layer) {
    Enter(layer);
    RunBlock(layer);
    if (stop_.stop_requested()) return CancelledError("run: stopped");
    if (options_.progress) {
      options_.progress(static_cast<double>(layer + 1 - first) /
                        static_cast<double>(end - first));
    }
  }
  Enter(end);
  if (!found_ && end == spec_.n_layers) RunHead();
  if (stop_.stop_requested()) return CancelledError("run: stopped");
  if (found_) return NonFinite();
  std::vector<std::size_t> read(options_.read.begin(), options_.read.end());
  if (dropped_) std::iota(read.begin(), read.end(), std::size_t{0});
  return Forwarded{std::move(rows_.residual), std::move(read),
                   std::move(logits_)};
}

void ForwardPass::Enter(std::size_t layer) {
  const std::vector<std::size_t>& starts = prompts_.start_layers;
  const std::size_t prompts =
      starts.empty()
          ? prompts_.count()
          : static_cast<std::size_t>(std::ranges::upper_bound(starts, layer) -
                                     starts.begin());
  if (prompts == active_prompts_) return;
  active_prompts_ = prompts;
  const std::size_t tokens = prompts_.offsets[prompts];
  const auto active = [&](Buffer& buffer) {
    const MatrixView all = buffer.view();
    return all.rows == 0 ? all : all.Rows(0, tokens);
  };
  residual_ = active(rows_.residual);
  normed_ = active(rows_.normed);
  delta_ = active(rows_.delta);
  branch_ = active(rows_.branch);
  gate_up_ = active(rows_.gate_up);
  if (gate_up_.rows != 0) {
    const std::size_t gates = gate_up_.cols - spec_.d_mlp;
    gate_ = Columns(gate_up_, 0, gates);
    up_ = Columns(gate_up_, gates, spec_.d_mlp);
  }
  qkv_ = active(rows_.qkv);
  grouped_ = active(rows_.grouped);
  z_ = active(rows_.z);
  const std::size_t queries = spec_.QueryWidth(), keys = spec_.KeyWidth();
  query_ = Columns(qkv_, 0, queries);
  key_ = Columns(qkv_, queries, keys);
  value_ = Columns(qkv_, queries + keys, keys);
  active_tasks_ = first_task_[prompts];
}

void ForwardPass::Embed() {
  const MatrixView x = residual_;
  const WeightView& embed = c_.weights.embed;
  Buffer own;
  MatrixView tokens = x;
  if (!c_.weights.project_in.empty()) {
    own = Buffer(x.rows, embed.cols);
    tokens = own.view();
  }
  for (std::size_t t = 0; t < x.rows; ++t) {
    const auto id = static_cast<std::size_t>(prompts_.ids[t]);
    kernels::DecodeRows(embed, id, tokens.Rows(t, 1));
  }
  const auto scale = [&] {
    if (spec_.embed_scale == 1) return;
    for (std::size_t t = 0; t < tokens.rows; ++t) {
      for (float& value : tokens.RowSpan(t)) value *= spec_.embed_scale;
    }
  };
  if (spec_.scales_inside_embedding) scale();
  Visit({Point::kEmbedTokens}, tokens);
  if (!spec_.scales_inside_embedding) scale();
  if (!c_.weights.project_in.empty()) {
    Linear(tokens, c_.weights.project_in, x);
    Visit({Point::kProjectIn}, x);
  }
  if (!c_.weights.positions.empty()) AddPositions();
  if (!c_.weights.embed_norm.empty()) {
    Norm(c_.weights.embed_norm, x, x);
    Visit({Point::kEmbedNorm}, x);
  }
  Visit({Point::kEmbed}, x);
  Check({Point::kEmbed}, x);
}

void ForwardPass::AddPositions() {
  const WeightView& table = c_.weights.positions;
  const MatrixView learned = delta_;
  for (std::size_t p = 0; p < prompts_.count(); ++p) {
    const std::size_t begin = prompts_.offsets[p], past = prompts_.past(p);
    for (std::size_t i = 0; i < prompts_.length(p); ++i) {
      kernels::DecodeRows(table, past + i, learned.Rows(begin + i, 1));
    }
  }
  Visit({Point::kPosEmbed}, learned);
  AddTo(residual_, learned);
}

void ForwardPass::RunBlock(std::size_t layer) {
  const LayerWeights& w = c_.weights.layers[layer];
  Visit({Point::kResidPre, layer}, residual_);
  ConstMatrixView input = AttentionInput(layer, w);
  Attention(layer, w, input);
  if (!w.attn_post_norm.empty()) {
    Norm(w.attn_post_norm, delta_, delta_);
    Visit({Point::kAttnPostNorm, layer}, delta_);
  }
  MatrixView added = delta_;  // by the MLP
  if (spec_.order == BlockOrder::kParallel) {
    added = branch_;
    Mlp(layer, w, MlpInput(layer, w, input), added);
    AddTo(delta_, added);
    AddBranch(delta_, input, w.attn_norm);
  } else {
    AddBranch(added, input, w.attn_norm);
    if (spec_.modules_add_residual) {
      Visit({Point::kAttn, layer}, residual_);
    }
    if (spec_.norm_after_add) {
      Visit({Point::kAttnNorm, layer}, residual_);
    }
    Visit({Point::kResidMid, layer}, residual_);
    const ConstMatrixView mlp_input = MlpInput(layer, w, residual_);
    Mlp(layer, w, mlp_input, added);
    if (!w.mlp_post_norm.empty()) {
      Norm(w.mlp_post_norm, added, added);
      Visit({Point::kMlpPostNorm, layer}, added);
    }
    AddBranch(added, mlp_input, w.mlp_norm);
    if (spec_.modules_add_residual) {
      Visit({Point::kMlp, layer}, residual_);
    }
    if (spec_.norm_after_add) {
      Visit({Point::kMlpNorm, layer}, residual_);
    }
  }
  Visit({Point::kResidPost, layer}, residual_);
  if (!stop_.stop_requested()) {
    Check({Point::kResidPost, layer}, residual_);
  }
}

void ForwardPass::AddBranch(MatrixView branch, ConstMatrixView input,
                            const NormWeights& norm) {
  const MatrixView x = residual_;
  ForEachRow(x.rows, [&](std::size_t t) {
    const std::span<float> row = x.RowSpan(t);
    if (spec_.residual_from_norm)
      std::ranges::copy(input.RowSpan(t), row.data());
    if (spec_.residual_multiplier != 1) {
      for (float& value : branch.RowSpan(t)) value *= spec_.residual_multiplier;
    }
    kernels::Add(row, branch.RowSpan(t), row);
  });
  if (spec_.norm_after_add) Norm(norm, x, x);
}

bool ForwardPass::CanDropUnread(std::size_t layer) const {
  if (options_.read.empty() || locate_ || layer + 1 < spec_.n_layers ||
      active_prompts_ < prompts_.count()) {
    return false;
  }
  for (std::size_t i = 0; i < kPointCount; ++i) {
    if (Looks({static_cast<Point>(i), layer})) return false;
  }
  return std::ranges::none_of(kHeadPoints,
                              [&](Point point) { return Looks({point}); });
}

void ForwardPass::DropUnread(ConstMatrixView& input) {
  const bool normed = input.data == normed_.data;
  const std::size_t count = options_.read.size();
  for (MatrixView* kept : {&residual_, &normed_, &z_}) {
    // Rising, so that no row is overwritten before it is read.
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t from = options_.read[i];
      if (i != from) std::ranges::copy(kept->RowSpan(from), kept->Row(i));
    }
  }
  for (MatrixView* view : {&residual_, &normed_, &z_, &delta_, &branch_,
                           &gate_up_, &gate_, &up_}) {
    if (view->rows > 0) *view = view->Rows(0, count);
  }
  input = normed ? normed_ : residual_;
  dropped_ = true;
}

bool ForwardPass::Looks(SiteKey key) const {
  return (options_.probe != nullptr && options_.probe->Wants(key)) ||
         (options_.editor != nullptr && options_.editor->Edits(key));
}

// The head is run on every token only where somebody looks at it.
void ForwardPass::RunHead() {
  const bool edited = options_.editor != nullptr &&
                      std::ranges::any_of(kHeadPoints, [&](Point point) {
                        return options_.editor->Edits({point});
                      });
  const bool logits =
      edited || Looks({Point::kHead}) || Looks({Point::kLogits});
  const bool projects = !c_.weights.project_out.empty();
  const bool projected = projects && (logits || Looks({Point::kProjectOut}));
  if (!logits && !projected && !Looks({Point::kFinalNorm})) return;
  c_.head.Normalise(c_.pool, residual_, normed_);
  Visit({Point::kFinalNorm}, normed_);
  Check({Point::kFinalNorm}, normed_);
  MatrixView unembedded = normed_;
  Buffer embedded;
  if (projected) {
    embedded = Buffer(prompts_.tokens(), spec_.EmbedWidth());
    unembedded = embedded.view();
    c_.head.ToEmbedding(c_.pool, normed_, unembedded);
    Visit({Point::kProjectOut}, unembedded);
  }
  if (!logits || found_) return;
  Buffer all(prompts_.tokens(), spec_.vocab_size);
  // The module's output comes before scale and cap.
  c_.head.ProjectModule(c_.pool, unembedded, all.view(), stop_);
  if (stop_.stop_requested()) return;
  Visit({Point::kHead}, all.view());
  Check({Point::kHead}, all.view());
  ForRowBlocks(c_.pool, prompts_.tokens(),
               [&](std::size_t begin, std::size_t count) {
                 c_.head.ScaleAndCap(all.view().Rows(begin, count));
               });
  Visit({Point::kLogits}, all.view());
  if (edited) logits_ = std::move(all);
}

void ForwardPass::Norm(const NormWeights& w, ConstMatrixView in,
                       MatrixView out) {
  Normalise(c_.pool, spec_, w, in, out);
}

void ForwardPass::Linear(ConstMatrixView in,
                         std::initializer_list<Product> products) {
  std::vector<kernels::LinearOutput> outputs;
  outputs.reserve(products.size());
  for (const auto& [weight, bias, out] : products) {
    outputs.push_back({weight, bias, out});
  }
  kernels::Linear(c_.pool, in, outputs, stop_);
}

void ForwardPass::AddTo(MatrixView x, ConstMatrixView delta) {
  ForEachRow(x.rows, [&](std::size_t t) {
    kernels::Add(x.RowSpan(t), delta.RowSpan(t), x.RowSpan(t));
  });
}

void ForwardPass::Visit(SiteKey key, MatrixView value) {
  if (options_.editor != nullptr && options_.editor->Edits(key)) {
    options_.editor->Edit(key, value);
  }
  if (locate_) Check(key, value);
  if (options_.probe != nullptr && options_.probe->Wants(key)) {
    options_.probe->Visit(key, value);
  }
}

void ForwardPass::Check(SiteKey key, ConstMatrixView value) {
  // A point without a name shows in the next that has one.
  if (found_ || !c_.table.Has(key)) return;
  for (std::size_t t = 0; t < value.rows; ++t) {
    if (kernels::FirstNonFinite(value.RowSpan(t)) == value.cols) continue;
    found_ = true;
    bad_site_ = key;
    bad_token_ = t;
    return;
  }
}

Error ForwardPass::NonFinite() const {
  const std::size_t token = dropped_ ? options_.read[bad_token_] : bad_token_;
  const auto after =
      std::upper_bound(prompts_.offsets.begin(), prompts_.offsets.end(), token);
  const auto prompt =
      static_cast<std::size_t>(after - prompts_.offsets.begin()) - 1;
  Error error =
      NonFiniteError(c_.table.NameOf(bad_site_),
                     prompts_.past(prompt) + token - prompts_.offsets[prompt]);
  if (options_.editor != nullptr) error.message += ", or an edit made it so";
  return error;
}

Error NonFiniteError(const std::string& site, std::size_t position) {
  return ModelError(fmt::format(
      "run: {}: non-finite activation at position {}; the weights are damaged "
      "or overflow float32",
      site, position));
}

Result<Forwarded> RunForward(const ForwardContext& context,
                             const PackedPrompts& prompts,
                             const ForwardOptions& options) {
  for (std::size_t p = 0; p < prompts.count(); ++p) {
    if (prompts.cache(p) == nullptr) continue;
    PELLUCID_RETURN_IF_ERROR(prompts.cache(p)->Reserve(prompts.length(p)));
  }
  Result<Forwarded> done =
      ForwardPass(context, prompts, options, /*locate=*/false).Run();
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
  const ForwardOptions silent = {.editor = options.editor,
                                 .end_layer = options.end_layer,
                                 .stop = options.stop};
  Result<Forwarded> located =
      ForwardPass(context, prompts, silent, /*locate=*/true).Run();
  if (located.ok()) return done.error();
  return located;
}

}  // namespace pellucid
