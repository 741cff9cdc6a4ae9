// The MLP of a forward pass: plain, gated, or a mixture of experts.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "kernels/activation.h"
#include "kernels/elementwise.h"
#include "kernels/softmax.h"
#include "model/forward_pass.h"
#include "model/routing.h"

namespace pellucid {

ConstMatrixView ForwardPass::MlpInput(std::size_t layer, const LayerWeights& w,
                                      ConstMatrixView attention_input) {
  if (w.mlp_norm.empty() || spec_.norm_after_add) return attention_input;
  Norm(w.mlp_norm, residual_, normed_);
  Visit({Point::kMlpNorm, layer}, normed_);
  return normed_;
}

void ForwardPass::Mlp(std::size_t layer, const LayerWeights& w,
                      ConstMatrixView input, MatrixView out) {
  if (w.mixture.experts.empty()) {
    DenseMlp(layer, w, input, out);
  } else {
    Mixture(layer, w.mixture, input, out);
  }
  if (!spec_.modules_add_residual) Visit({Point::kMlp, layer}, out);
}

void ForwardPass::DenseMlp(std::size_t layer, const LayerWeights& w,
                           ConstMatrixView input, MatrixView out) {
  const bool gated = !w.gate.empty() || !w.gate_up.empty();
  if (!w.gate_up.empty()) {
    Linear(input, w.gate_up, gate_up_);
    Visit({Point::kGateUp, layer}, gate_up_);
  } else if (gated) {
    Linear(input, {{w.gate.weight, w.gate.bias, gate_},
                   {w.up.weight, w.up.bias, up_}});
  } else {
    Linear(input, w.up, up_);
  }
  if (gated) Visit({Point::kGate, layer}, gate_);
  Visit({Point::kUp, layer}, up_);
  // What is activated: the gate, which then scales `up`, or `up` itself.
  const MatrixView active = gated ? gate_ : up_;
  ForEachRow(active.rows, [&](std::size_t t) {
    kernels::Activate(spec_.activation, active.RowSpan(t), active.RowSpan(t));
  });
  Visit({Point::kAct, layer}, active);
  if (gated) {
    ForEachRow(up_.rows, [&](std::size_t t) {
      kernels::Multiply(active.RowSpan(t), up_.RowSpan(t), up_.RowSpan(t));
    });
  }
  Visit({Point::kMlpPost, layer}, up_);
  Linear(up_, w.down, out);
  Visit({Point::kDown, layer}, out);
}

// Experts take turns in rising order, so that each token's sum is one fused
// multiply-add an expert, whatever else is in the batch.
void ForwardPass::Mixture(std::size_t layer, const MixtureWeights& w,
                          ConstMatrixView input, MatrixView out) {
  const ExpertsSpec& spec = spec_.experts;
  Buffer router(input.rows, spec.n_experts);
  Linear(input, w.router, router.view());
  Visit({Point::kRouter, layer}, router.view());
  ForEachRow(input.rows, [&](std::size_t t) {
    kernels::Softmax(router.view().RowSpan(t));
    std::ranges::fill(out.RowSpan(t), 0.0f);
  });
  const auto by_expert = RouteTokens(spec, router.view());
  std::size_t most = 0;
  for (const auto& routed : by_expert) most = std::max(most, routed.size());
  Buffer in(most, spec_.d_model), gate(most, spec.d_expert);
  Buffer up(most, spec.d_expert), result(most, spec_.d_model);
  for (std::size_t e = 0; e < spec.n_experts; ++e) {
    const std::span<const Routed> routed = by_expert[e];
    const std::size_t count = routed.size();
    if (count == 0 || stop_.stop_requested()) continue;
    for (std::size_t i = 0; i < count; ++i) {
      std::ranges::copy(input.RowSpan(routed[i].token), in.view().Row(i));
    }
    RunExpert(w.experts[e], in.view().Rows(0, count),
              gate.view().Rows(0, count), up.view().Rows(0, count),
              result.view().Rows(0, count));
    ForEachRow(count, [&](std::size_t i) {
      const std::span<float> sum = out.RowSpan(routed[i].token);
      const std::span<const float> term = result.view().RowSpan(i);
      for (std::size_t k = 0; k < sum.size(); ++k) {
        sum[k] = std::fma(routed[i].weight, term[k], sum[k]);
      }
    });
  }
  Visit({Point::kExperts, layer}, out);
  if (!w.shared.up.empty()) AddSharedExpert(layer, w, input, out);
}

void ForwardPass::AddSharedExpert(std::size_t layer, const MixtureWeights& w,
                                  ConstMatrixView input, MatrixView out) {
  const std::size_t tokens = input.rows;
  Buffer gate(tokens, spec_.experts.d_shared);
  Buffer up(tokens, spec_.experts.d_shared);
  Buffer shared(tokens, spec_.d_model), weight(tokens, 1);
  Linear(input,
         {{w.shared.gate, {}, gate.view()}, {w.shared.up, {}, up.view()}});
  Visit({Point::kSharedGate, layer}, gate.view());
  Visit({Point::kSharedUp, layer}, up.view());
  ForEachRow(tokens, [&](std::size_t t) {
    const std::span<float> row = gate.view().RowSpan(t);
    kernels::Activate(spec_.activation, row, row);
  });
  Visit({Point::kSharedAct, layer}, gate.view());
  ForEachRow(tokens, [&](std::size_t t) {
    kernels::Multiply(gate.view().RowSpan(t), up.view().RowSpan(t),
                      up.view().RowSpan(t));
  });
  Visit({Point::kSharedPost, layer}, up.view());
  Linear(up.view(), {{w.shared.down, {}, shared.view()}});
  Visit({Point::kSharedDown, layer}, shared.view());
  Visit({Point::kShared, layer}, shared.view());
  if (!w.shared_weight.empty()) {
    Linear(input, {{w.shared_weight, {}, weight.view()}});
    Visit({Point::kSharedWeight, layer}, weight.view());
    ForEachRow(tokens, [&](std::size_t t) {
      const float factor = kernels::Sigmoid(weight.view().Row(t)[0]);
      for (float& x : shared.view().RowSpan(t)) x *= factor;
    });
  }
  AddTo(out, shared.view());
}

void ForwardPass::RunExpert(const ExpertWeights& w, ConstMatrixView in,
                            MatrixView gate, MatrixView up, MatrixView out) {
  Linear(in, {{w.gate, {}, gate}, {w.up, {}, up}});
  ForEachRow(in.rows, [&](std::size_t t) {
    kernels::Activate(spec_.activation, gate.RowSpan(t), gate.RowSpan(t));
    kernels::Multiply(gate.RowSpan(t), up.RowSpan(t), up.RowSpan(t));
  });
  Linear(up, {{w.down, {}, out}});
}

}  // namespace pellucid
