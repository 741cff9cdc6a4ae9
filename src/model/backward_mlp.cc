// The MLP in reverse: plain, gated, or a mixture of experts.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/activation_slope.h"
#include "kernels/dot_tile.h"
#include "kernels/elementwise.h"
#include "kernels/softmax.h"
#include "kernels/softmax_jacobian.h"
#include "model/backward_pass.h"

namespace pellucid {

void BackwardPass::Mlp(std::size_t layer, const LayerWeights& w,
                       const BlockRecord& record) {
  if (!spec_.modules_add_residual) Visit({Point::kMlp, layer}, branch_.view());
  if (w.mixture.experts.empty()) return DenseMlp(layer, w, record);
  Mixture(layer, w.mixture, record, record[MlpInput(spec_, w)]);
}

// post = act(gate) * up, or act(up): up's place first holds that of post.
void BackwardPass::DenseMlp(std::size_t layer, const LayerWeights& w,
                            const BlockRecord& record) {
  const bool gated = IsGated(w);
  const MatrixView both = gate_up_.view();
  const MatrixView gate = Columns(both, 0, spec_.d_mlp);
  const MatrixView up = Columns(both, spec_.d_mlp, spec_.d_mlp);
  Visit({Point::kDown, layer}, branch_.view());
  Linear({{w.down.weight, branch_.view()}}, up);
  if (Stopped()) return;
  Visit({Point::kMlpPost, layer}, up);
  const MatrixView active = gated ? gate : up;
  if (gated) {
    ForRows([&](std::size_t row, std::size_t recorded, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) {
        const std::span<float> g = up.RowSpan(row + i);
        kernels::Multiply(record[Point::kUp].RowSpan(recorded + i), g,
                          gate.RowSpan(row + i));
        kernels::Multiply(record[Point::kAct].RowSpan(recorded + i), g, g);
      }
    });
  }
  Visit({Point::kAct, layer}, active);
  const ConstMatrixView before = record[gated ? Point::kGate : Point::kUp];
  ForRows([&](std::size_t row, std::size_t recorded, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::span<float> g = active.RowSpan(row + i);
      kernels::MultiplyBySlope(spec_.activation, before.RowSpan(recorded + i),
                               g, g);
    }
  });
  Visit({Point::kUp, layer}, up);
  if (!gated) return Linear({{w.up.weight, up}}, input_.view());
  Visit({Point::kGate, layer}, gate);
  if (w.gate_up.empty()) {
    return Linear({{w.gate.weight, gate}, {w.up.weight, up}}, input_.view());
  }
  Visit({Point::kGateUp, layer}, both);
  Linear({{w.gate_up.weight, both}}, input_.view());
}

// Experts add to input_ in rising order; then the router, then the expert that
// sees every token.
void BackwardPass::Mixture(std::size_t layer, const MixtureWeights& w,
                           const BlockRecord& record, ConstMatrixView input) {
  const ExpertsSpec& spec = spec_.experts;
  const Routes routes = RoutesOf(record);
  Clear(input_.view());
  Buffer shared;  // that of the input, by way of the shared expert
  if (!w.shared.up.empty()) {
    SharedExpert(layer, w, record);
    shared = std::move(input_);
    input_ = Buffer(rows(), spec_.d_model);
    Clear(input_.view());
  }
  Visit({Point::kExperts, layer}, branch_.view());
  Buffer router(rows(), spec.n_experts);
  Clear(router.view());
  for (std::size_t e = 0; e < spec.n_experts && !Stopped(); ++e) {
    const std::span<const Routed> routed = routes.by_expert[e];
    if (routed.empty()) continue;
    std::vector<float> weights(options_.copies * routed.size());
    Expert(w.experts[e], routed, input, weights);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      router.view().Row(RowOfRouted(routed, i))[e] = weights[i];
    }
  }
  if (Stopped()) return;
  Unroute(routes, router.view());
  Visit({Point::kRouter, layer}, router.view());
  Linear({{w.router.weight, router.view()}}, branch_.view());
  AddTo(input_.view(), branch_.view());
  if (!w.shared.up.empty()) AddTo(input_.view(), shared.view());
}

// What the weights of the chosen are worth -> what the router's outputs are.
void BackwardPass::Unroute(const Routes& routes, MatrixView router) const {
  ForRows([&](std::size_t row, std::size_t recorded, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::span<float> g = router.RowSpan(row + i);
      const float* const weight = routes.weights.view().Row(recorded + i);
      if (spec_.experts.renormalise) {
        float mean = 0;
        for (std::size_t e = 0; e < g.size(); ++e) {
          mean = std::fma(weight[e], g[e], mean);
        }
        for (std::size_t e = 0; e < g.size(); ++e) {
          g[e] = weight[e] == 0 ? 0 : (g[e] - mean) / routes.sums[recorded + i];
        }
      }
      kernels::MultiplyBySoftmaxJacobian(
          routes.probabilities.view().RowSpan(recorded + i), g);
    }
  });
}

void BackwardPass::Expert(const ExpertWeights& w,
                          std::span<const Routed> routed, ConstMatrixView input,
                          std::span<float> weights) {
  const std::size_t count = routed.size(), n = options_.copies * count;
  const std::size_t d = spec_.d_model, inner = spec_.experts.d_expert;
  const ExpertRun run = RunOfExpert(w, routed, input);
  if (Stopped()) return;
  Buffer out(n, d), d_gate(n, inner), d_up(n, inner);
  ForRowBlocks(c_.pool, n, [&](std::size_t begin, std::size_t rows) {
    for (std::size_t i = begin; i < begin + rows; ++i) {
      const std::span<const float> g =
          branch_.view().RowSpan(RowOfRouted(routed, i));
      weights[i] = kernels::Dot(g, run.result.view().RowSpan(i % count));
      float* to = out.view().Row(i);
      for (const float x : g) *to++ = routed[i % count].weight * x;
    }
  });
  Linear({{w.down, out.view()}}, d_up.view());
  if (Stopped()) return;
  ForRowBlocks(c_.pool, n, [&](std::size_t begin, std::size_t rows) {
    for (std::size_t i = begin; i < begin + rows; ++i) {
      const std::span<float> g = d_up.view().RowSpan(i);
      const std::span<float> to_gate = d_gate.view().RowSpan(i);
      kernels::Multiply(run.up.view().RowSpan(i % count), g, to_gate);
      kernels::Multiply(run.act.view().RowSpan(i % count), g, g);
      kernels::MultiplyBySlope(spec_.activation,
                               run.gate.view().RowSpan(i % count), to_gate,
                               to_gate);
    }
  });
  Linear({{w.gate, d_gate.view()}, {w.up, d_up.view()}}, out.view());
  if (Stopped()) return;
  for (std::size_t i = 0; i < n; ++i) {
    const std::span<float> sum = input_.view().RowSpan(RowOfRouted(routed, i));
    kernels::Add(sum, out.view().RowSpan(i), sum);
  }
}

void BackwardPass::SharedExpert(std::size_t layer, const MixtureWeights& w,
                                const BlockRecord& record) {
  const std::size_t n = rows(), inner = spec_.experts.d_shared;
  Buffer shared(n, spec_.d_model), weight(n, 1);
  const bool weighted = !w.shared_weight.empty();
  ForRows([&](std::size_t row, std::size_t recorded, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::span<const float> g = branch_.view().RowSpan(row + i);
      const std::span<float> to = shared.view().RowSpan(row + i);
      float factor = 1;
      if (weighted) {
        factor =
            kernels::Sigmoid(record[Point::kSharedWeight].Row(recorded + i)[0]);
        weight.view().Row(row + i)[0] =
            factor * (1 - factor) *
            kernels::Dot(g, record[Point::kShared].RowSpan(recorded + i));
      }
      for (std::size_t k = 0; k < g.size(); ++k) to[k] = factor * g[k];
    }
  });
  if (weighted) Visit({Point::kSharedWeight, layer}, weight.view());
  Visit({Point::kShared, layer}, shared.view());
  Visit({Point::kSharedDown, layer}, shared.view());
  Buffer gate(n, inner), up(n, inner);
  Linear({{w.shared.down, shared.view()}}, up.view());
  if (Stopped()) return;
  Visit({Point::kSharedPost, layer}, up.view());
  ForRows([&](std::size_t row, std::size_t recorded, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::span<float> g = up.view().RowSpan(row + i);
      kernels::Multiply(record[Point::kSharedUp].RowSpan(recorded + i), g,
                        gate.view().RowSpan(row + i));
      kernels::Multiply(record[Point::kSharedAct].RowSpan(recorded + i), g, g);
    }
  });
  Visit({Point::kSharedAct, layer}, gate.view());
  ForRows([&](std::size_t row, std::size_t recorded, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::span<float> g = gate.view().RowSpan(row + i);
      kernels::MultiplyBySlope(spec_.activation,
                               record[Point::kSharedGate].RowSpan(recorded + i),
                               g, g);
    }
  });
  Visit({Point::kSharedUp, layer}, up.view());
  Visit({Point::kSharedGate, layer}, gate.view());
  if (weighted) {
    Linear({{w.shared.gate, gate.view()},
            {w.shared.up, up.view()},
            {w.shared_weight, weight.view()}},
           input_.view());
  } else {
    Linear({{w.shared.gate, gate.view()}, {w.shared.up, up.view()}},
           input_.view());
  }
}

}  // namespace pellucid
