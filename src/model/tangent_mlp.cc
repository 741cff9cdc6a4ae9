// The MLP of a tangent, in the order of forward_mlp.cc.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/activation.h"
#include "kernels/activation_slope.h"
#include "kernels/elementwise.h"
#include "kernels/linear.h"
#include "kernels/softmax.h"
#include "kernels/softmax_jacobian.h"
#include "model/tangent_pass.h"

namespace pellucid {
namespace {

// sum = a * b + c * d, each product rounded.
void MultiplyAdd(std::span<const float> a, std::span<float> b,
                 std::span<const float> c, std::span<float> d) {
  kernels::Multiply(a, b, b);
  kernels::Multiply(c, d, d);
  kernels::Add(b, d, d);
}

}  // namespace

void TangentPass::Mlp(std::size_t layer, const LayerWeights& w,
                      const BlockRecord& record, ConstMatrixView input,
                      MatrixView out) {
  if (w.mixture.experts.empty()) {
    DenseMlp(layer, w, record, input, out);
  } else {
    Mixture(layer, w, record, input, out);
  }
  if (!spec_.modules_add_residual && !Stopped()) {
    Visit({Point::kMlp, layer}, out);
  }
}

void TangentPass::DenseMlp(std::size_t layer, const LayerWeights& w,
                           const BlockRecord& record, ConstMatrixView input,
                           MatrixView out) {
  const bool gated = IsGated(w);
  const MatrixView both = gate_up_.view();
  const MatrixView gate = Columns(both, 0, spec_.d_mlp);
  const MatrixView up = Columns(both, spec_.d_mlp, spec_.d_mlp);
  if (!w.gate_up.empty()) {
    Linear(input, {{w.gate_up.weight, both}});
    Visit({Point::kGateUp, layer}, both);
  } else if (gated) {
    Linear(input, {{w.gate.weight, gate}, {w.up.weight, up}});
  } else {
    Linear(input, {{w.up.weight, up}});
  }
  if (Stopped()) return;
  if (gated) Visit({Point::kGate, layer}, gate);
  Visit({Point::kUp, layer}, up);
  const MatrixView active = gated ? gate : up;
  const ConstMatrixView before = record[gated ? Point::kGate : Point::kUp];
  ForRows([&](std::size_t row, std::size_t recorded, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::span<float> x = active.RowSpan(row + i);
      kernels::MultiplyBySlope(spec_.activation, before.RowSpan(recorded + i),
                               x, x);
    }
  });
  Visit({Point::kAct, layer}, active);
  if (gated) {
    ForRows([&](std::size_t row, std::size_t recorded, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) {
        MultiplyAdd(
            record[Point::kUp].RowSpan(recorded + i), gate.RowSpan(row + i),
            record[Point::kAct].RowSpan(recorded + i), up.RowSpan(row + i));
      }
    });
  }
  Visit({Point::kMlpPost, layer}, up);
  Linear(up, {{w.down.weight, out}});
  if (!Stopped()) Visit({Point::kDown, layer}, out);
}

// A weighted sum changes with the weights and with the terms.
void TangentPass::Mixture(std::size_t layer, const LayerWeights& w,
                          const BlockRecord& record, ConstMatrixView input,
                          MatrixView out) {
  const std::size_t experts = spec_.experts.n_experts;
  const ConstMatrixView recorded = record[MlpInput(spec_, w)];
  const Routes routes = RoutesOf(record);
  Buffer router(rows(), experts);
  Linear(input, {{w.mixture.router.weight, router.view()}});
  if (Stopped()) return;
  Visit({Point::kRouter, layer}, router.view());
  Route(routes, router.view());
  Clear(out);
  for (std::size_t e = 0; e < experts && !Stopped(); ++e) {
    if (routes.by_expert[e].empty()) continue;
    Expert(w.mixture.experts[e], e, routes, recorded, input, router.view(),
           out);
  }
  if (Stopped()) return;
  Visit({Point::kExperts, layer}, out);
  if (!w.mixture.shared.up.empty()) {
    SharedExpert(layer, w.mixture, record, input, out);
  }
}

void TangentPass::Route(const Routes& routes, MatrixView router) const {
  ForRows([&](std::size_t row, std::size_t recorded, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::span<float> x = router.RowSpan(row + i);
      const float* const weight = routes.weights.view().Row(recorded + i);
      kernels::MultiplyBySoftmaxJacobian(
          routes.probabilities.view().RowSpan(recorded + i), x);
      if (!spec_.experts.renormalise) continue;
      float sum = 0;
      for (std::size_t e = 0; e < x.size(); ++e) {
        if (weight[e] != 0) sum += x[e];
      }
      for (std::size_t e = 0; e < x.size(); ++e) {
        x[e] = (x[e] - weight[e] * sum) / routes.sums[recorded + i];
      }
    }
  });
}

void TangentPass::Expert(const ExpertWeights& w, std::size_t expert,
                         const Routes& routes, ConstMatrixView recorded,
                         ConstMatrixView input, ConstMatrixView weights,
                         MatrixView out) const {
  const std::span<const Routed> routed = routes.by_expert[expert];
  const std::size_t count = routed.size(), n = options_.copies * count;
  const std::size_t d = spec_.d_model, inner = spec_.experts.d_expert;
  const ExpertRun run = RunOfExpert(w, routed, recorded);
  if (Stopped()) return;
  Buffer in(n, d), gate(n, inner), up(n, inner);
  for (std::size_t i = 0; i < n; ++i) {
    std::ranges::copy(input.RowSpan(RowOfRouted(routed, i)), in.view().Row(i));
  }
  Linear(in.view(), {{w.gate, gate.view()}, {w.up, up.view()}});
  if (Stopped()) return;
  ForRowBlocks(c_.pool, n, [&](std::size_t begin, std::size_t rows) {
    for (std::size_t i = begin; i < begin + rows; ++i) {
      const std::span<float> x = gate.view().RowSpan(i);
      kernels::MultiplyBySlope(spec_.activation,
                               run.gate.view().RowSpan(i % count), x, x);
      MultiplyAdd(run.up.view().RowSpan(i % count), x,
                  run.act.view().RowSpan(i % count), up.view().RowSpan(i));
    }
  });
  Linear(up.view(), {{w.down, in.view()}});
  if (Stopped()) return;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t row = RowOfRouted(routed, i);
    const std::span<float> sum = out.RowSpan(row);
    const float* const term = run.result.view().Row(i % count);
    const float* const change = in.view().Row(i);
    const float weight = weights.Row(row)[expert];
    for (std::size_t k = 0; k < d; ++k) {
      sum[k] = std::fma(routed[i % count].weight, change[k], sum[k]);
      sum[k] = std::fma(weight, term[k], sum[k]);
    }
  }
}

void TangentPass::SharedExpert(std::size_t layer, const MixtureWeights& w,
                               const BlockRecord& record, ConstMatrixView input,
                               MatrixView out) {
  const std::size_t n = rows(), inner = spec_.experts.d_shared;
  Buffer gate(n, inner), up(n, inner), shared(n, spec_.d_model), weight(n, 1);
  Linear(input, {{w.shared.gate, gate.view()}, {w.shared.up, up.view()}});
  if (Stopped()) return;
  Visit({Point::kSharedGate, layer}, gate.view());
  Visit({Point::kSharedUp, layer}, up.view());
  ForRows([&](std::size_t row, std::size_t recorded, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::span<float> x = gate.view().RowSpan(row + i);
      kernels::MultiplyBySlope(spec_.activation,
                               record[Point::kSharedGate].RowSpan(recorded + i),
                               x, x);
    }
  });
  Visit({Point::kSharedAct, layer}, gate.view());
  ForRows([&](std::size_t row, std::size_t recorded, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      MultiplyAdd(record[Point::kSharedUp].RowSpan(recorded + i),
                  gate.view().RowSpan(row + i),
                  record[Point::kSharedAct].RowSpan(recorded + i),
                  up.view().RowSpan(row + i));
    }
  });
  Visit({Point::kSharedPost, layer}, up.view());
  Linear(up.view(), {{w.shared.down, shared.view()}});
  if (Stopped()) return;
  Visit({Point::kSharedDown, layer}, shared.view());
  Visit({Point::kShared, layer}, shared.view());
  if (!w.shared_weight.empty()) {
    Linear(input, {{w.shared_weight, weight.view()}});
    Visit({Point::kSharedWeight, layer}, weight.view());
    ForRows([&](std::size_t row, std::size_t recorded, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) {
        const float factor =
            kernels::Sigmoid(record[Point::kSharedWeight].Row(recorded + i)[0]);
        const float slope =
            factor * (1 - factor) * weight.view().Row(row + i)[0];
        const float* const value = record[Point::kShared].Row(recorded + i);
        float* const change = shared.view().Row(row + i);
        for (std::size_t k = 0; k < spec_.d_model; ++k) {
          change[k] = std::fma(slope, value[k], factor * change[k]);
        }
      }
    });
  }
  AddTo(out, shared.view());
}

}  // namespace pellucid
