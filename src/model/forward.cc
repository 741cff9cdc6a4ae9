#include "model/forward.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
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

}  // namespace

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
      delta_(prompts.tokens(), spec_.d_model) {
  if (spec_.order == BlockOrder::kParallel) {
    branch_ = Buffer(prompts.tokens(), spec_.d_model);
  }
  const DenseMlps mlps = DenseMlpsOf(context.weights);
  if (mlps.any) {
    const std::size_t gates = mlps.gated ? spec_.d_mlp : 0;
    gate_up_ = Buffer(prompts.tokens(), gates + spec_.d_mlp);
    gate_ = Columns(gate_up_.view(), 0, gates);
    up_ = Columns(gate_up_.view(), gates, spec_.d_mlp);
  }
  PlanAttention();
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
  MakeRotary();
  MakeAlibi();
}

void ForwardPass::AddPositions() {
  const WeightView& table = c_.weights.positions;
  const MatrixView learned = delta_.view();
  for (std::size_t p = 0; p < prompts_.count(); ++p) {
    const std::size_t begin = prompts_.offsets[p], past = prompts_.past(p);
    for (std::size_t i = 0; i < prompts_.length(p); ++i) {
      kernels::DecodeRows(table, past + i, learned.Rows(begin + i, 1));
    }
  }
  Visit({Point::kPosEmbed}, learned);
  AddTo(residual_.view(), learned);
}

void ForwardPass::RunBlock(std::size_t layer) {
  const LayerWeights& w = c_.weights.layers[layer];
  Visit({Point::kResidPre, layer}, residual_.view());
  const ConstMatrixView input = AttentionInput(layer, w);
  Attention(layer, w, input);
  if (!w.attn_post_norm.empty()) {
    Norm(w.attn_post_norm, delta_.view(), delta_.view());
    Visit({Point::kAttnPostNorm, layer}, delta_.view());
  }
  MatrixView added = delta_.view();  // by the MLP
  if (spec_.order == BlockOrder::kParallel) {
    added = branch_.view();
    Mlp(layer, w, MlpInput(layer, w, input), added);
    AddTo(delta_.view(), added);
    AddBranch(delta_.view(), input, w.attn_norm);
  } else {
    AddBranch(added, input, w.attn_norm);
    if (spec_.modules_add_residual) {
      Visit({Point::kAttn, layer}, residual_.view());
    }
    if (spec_.norm_after_add) {
      Visit({Point::kAttnNorm, layer}, residual_.view());
    }
    Visit({Point::kResidMid, layer}, residual_.view());
    const ConstMatrixView mlp_input = MlpInput(layer, w, residual_.view());
    Mlp(layer, w, mlp_input, added);
    if (!w.mlp_post_norm.empty()) {
      Norm(w.mlp_post_norm, added, added);
      Visit({Point::kMlpPostNorm, layer}, added);
    }
    AddBranch(added, mlp_input, w.mlp_norm);
    if (spec_.modules_add_residual) {
      Visit({Point::kMlp, layer}, residual_.view());
    }
    if (spec_.norm_after_add) {
      Visit({Point::kMlpNorm, layer}, residual_.view());
    }
  }
  Visit({Point::kResidPost, layer}, residual_.view());
  if (!stop_.stop_requested()) {
    Check({Point::kResidPost, layer}, residual_.view());
  }
}

void ForwardPass::AddBranch(MatrixView branch, ConstMatrixView input,
                            const NormWeights& norm) {
  const MatrixView x = residual_.view();
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

// The head is run on every token only where somebody looks at it.
void ForwardPass::VisitHead() {
  if (probe_ == nullptr) return;
  const bool logits =
      probe_->Wants({Point::kHead}) || probe_->Wants({Point::kLogits});
  const bool projected =
      !c_.weights.project_out.empty() && probe_->Wants({Point::kProjectOut});
  if (!logits && !projected && !probe_->Wants({Point::kFinalNorm})) return;
  c_.head.Normalise(c_.pool, residual_.view(), normed_.view());
  Visit({Point::kFinalNorm}, normed_.view());
  Check({Point::kFinalNorm}, normed_.view());
  if (projected) {
    Buffer embedded(prompts_.tokens(), spec_.EmbedWidth());
    c_.head.ToEmbedding(c_.pool, normed_.view(), embedded.view());
    Visit({Point::kProjectOut}, embedded.view());
  }
  if (!logits || found_) return;
  Buffer all(prompts_.tokens(), spec_.vocab_size);
  // The module's output comes before scale and cap.
  c_.head.ProjectModule(c_.pool, normed_.view(), all.view(), stop_);
  if (stop_.stop_requested()) return;
  Visit({Point::kHead}, all.view());
  Check({Point::kHead}, all.view());
  ForRowBlocks(c_.pool, prompts_.tokens(),
               [&](std::size_t begin, std::size_t count) {
                 c_.head.ScaleAndCap(all.view().Rows(begin, count));
               });
  Visit({Point::kLogits}, all.view());
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

void ForwardPass::Visit(SiteKey key, ConstMatrixView value) {
  if (locate_) Check(key, value);
  if (probe_ != nullptr && probe_->Wants(key)) probe_->Visit(key, value);
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
  const auto after = std::upper_bound(prompts_.offsets.begin(),
                                      prompts_.offsets.end(), bad_token_);
  const auto prompt =
      static_cast<std::size_t>(after - prompts_.offsets.begin()) - 1;
  return NonFiniteError(
      c_.table.NameOf(bad_site_),
      prompts_.past(prompt) + bad_token_ - prompts_.offsets[prompt]);
}

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
