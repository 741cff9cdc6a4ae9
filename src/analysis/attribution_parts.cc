#include "analysis/attribution_parts.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <tuple>

#include "analysis/pulled_weights.h"
#include "analysis/rounding.h"
#include "base/buffer.h"
#include "kernels/activation.h"
#include "kernels/elementwise.h"
#include "kernels/linear.h"
#include "kernels/softmax.h"

namespace pellucid {
namespace {

double BiasAlong(std::span<const double> direction,
                 std::span<const float> bias) {
  return bias.empty() ? 0 : Dot(direction, bias);
}

// Neurons as they come; keeps the greatest and the sum of all.
class NeuronSum {
 public:
  NeuronSum(std::size_t layer, std::size_t most) : layer_(layer), most_(most) {}

  // hidden[j] times column j of a down-projection, for each j; the run's own
  // product rounded `roundings` times a term.
  void Add(const PulledWeights& columns, std::span<const float> hidden,
           double factor, std::optional<std::size_t> expert, double roundings) {
    double magnitudes = 0;
    for (std::size_t j = 0; j < hidden.size(); ++j) {
      const double x = factor * static_cast<double>(hidden[j]);
      const double value = x * columns.sums[j];
      magnitudes += std::fabs(x) * columns.magnitudes[j];
      out_.sum += value;
      all_.push_back({layer_, j, expert, value});
    }
    out_.neurons += hidden.size();
    out_.rounding += magnitudes * roundings * kUnitRoundoff;
  }

  NeuronParts Take() {
    const auto kept = static_cast<std::ptrdiff_t>(std::min(most_, all_.size()));
    std::partial_sort(all_.begin(), all_.begin() + kept, all_.end());
    out_.top.assign(all_.begin(), all_.begin() + kept);
    return std::move(out_);
  }

 private:
  std::size_t layer_, most_;
  NeuronParts out_;
  std::vector<NeuronPart> all_;
};

// What an MLP of the block reads: [d_model].
std::span<const float> MlpInputOf(const ForwardContext& model,
                                  const PositionRows& rows, std::size_t layer) {
  const LayerWeights& w = model.weights.layers[layer];
  if (!w.mlp_norm.empty()) return rows.Of({Point::kMlpNorm, layer});
  if (model.spec.order == BlockOrder::kSequential) {
    return rows.Of({Point::kResidMid, layer});
  }
  return rows.Of(
      {w.attn_norm.empty() ? Point::kResidPre : Point::kAttnNorm, layer});
}

struct ChosenExpert {
  std::size_t expert;
  float weight;
};

// As the forward pass routes: the n_active most probable, of equal ones the
// lower; `router` [n_experts] is the router's output.
std::vector<ChosenExpert> ChooseExperts(const ExpertsSpec& spec,
                                        std::span<const float> router) {
  std::vector<float> probable(router.begin(), router.end());
  kernels::Softmax(probable);
  std::vector<std::size_t> order(probable.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return probable[a] > probable[b];
  });
  order.resize(spec.n_active);
  float sum = 1;
  if (spec.renormalise) {
    sum = 0;
    for (const std::size_t expert : order) sum += probable[expert];
  }
  std::ranges::sort(order);
  std::vector<ChosenExpert> out;
  for (const std::size_t expert : order) {
    out.push_back({expert, probable[expert] / sum});
  }
  return out;
}

// activation(gate x) * (up x), as the run computes it.
std::vector<float> HiddenOf(const ForwardContext& model, const ExpertWeights& w,
                            std::span<const float> input) {
  std::vector<float> gate(w.gate.rows), up(w.up.rows);
  const kernels::LinearOutput outputs[] = {
      {w.gate, {}, {gate.data(), 1, gate.size()}},
      {w.up, {}, {up.data(), 1, up.size()}}};
  kernels::Linear(model.pool, {input.data(), 1, input.size()}, outputs);
  kernels::Activate(model.spec.activation, gate, gate);
  kernels::Multiply(gate, up, up);
  return up;
}

void AddExperts(const ForwardContext& model, const PositionRows& rows,
                std::size_t layer, std::span<const double> direction,
                const std::stop_token& stop, NeuronSum& sum) {
  const MixtureWeights& w = model.weights.layers[layer].mixture;
  const ExpertsSpec& spec = model.spec.experts;
  const std::span<const float> input = MlpInputOf(model, rows, layer);
  // The weighted sum adds a rounding an expert, the shared one's factor and
  // sum two.
  const double after = static_cast<double>(spec.n_active) + 2;
  for (const ChosenExpert& chosen :
       ChooseExperts(spec, rows.Of({Point::kRouter, layer}))) {
    const ExpertWeights& expert = w.experts[chosen.expert];
    sum.Add(PullBack(model.pool, expert.down, direction, stop),
            HiddenOf(model, expert, input), static_cast<double>(chosen.weight),
            chosen.expert, SumRoundings(expert.down.cols) + after);
  }
  if (w.shared.up.empty()) return;
  float factor = 1;
  if (!w.shared_weight.empty()) {
    factor = kernels::Sigmoid(rows.Of({Point::kSharedWeight, layer}).front());
  }
  sum.Add(PullBack(model.pool, w.shared.down, direction, stop),
          rows.Of({Point::kSharedPost, layer}), static_cast<double>(factor),
          spec.n_experts, SumRoundings(w.shared.down.cols) + after);
}

}  // namespace

bool operator<(const NeuronPart& a, const NeuronPart& b) {
  const double left = std::fabs(a.value), right = std::fabs(b.value);
  if (left != right) return left > right;
  return std::tie(a.layer, a.expert, a.neuron) <
         std::tie(b.layer, b.expert, b.neuron);
}

void AddHeadPoints(PositionRows& rows) { rows.Add(Point::kZ); }

void AddNeuronPoints(PositionRows& rows) {
  for (const Point point :
       {Point::kMlpPost, Point::kMlpNorm, Point::kAttnNorm, Point::kRouter,
        Point::kSharedPost, Point::kSharedWeight}) {
    rows.Add(point);
  }
}

HeadParts SplitHeads(const ForwardContext& model, const PositionRows& rows,
                     std::size_t layer, const BranchShare& share,
                     const std::stop_token& stop) {
  const LinearWeights& w = model.weights.layers[layer].attn_out;
  const std::span<const float> z = rows.Of({Point::kZ, layer});
  const PulledWeights columns =
      PullBack(model.pool, w.weight, share.direction, stop);
  HeadParts out;
  out.heads.resize(model.spec.n_heads);
  double magnitudes = 0;
  for (std::size_t j = 0; j < z.size(); ++j) {
    const auto x = static_cast<double>(z[j]);
    out.heads[j / model.spec.head_dim] += x * columns.sums[j];
    magnitudes += std::fabs(x) * columns.magnitudes[j];
  }
  out.bias = share.norm_bias + BiasAlong(share.direction, w.bias);
  const std::span<const float> given = rows.Of({Point::kAttnProj, layer});
  out.rounding =
      share.rounding + kUnitRoundoff * (magnitudes * SumRoundings(z.size()) +
                                        DotMagnitude(share.direction, given));
  return out;
}

NeuronParts SplitNeurons(const ForwardContext& model, const PositionRows& rows,
                         std::size_t layer, const BranchShare& share,
                         std::size_t most, const std::stop_token& stop) {
  const LayerWeights& w = model.weights.layers[layer];
  NeuronSum sum(layer, most);
  double bias = share.norm_bias;
  if (w.mixture.experts.empty()) {
    const std::span<const float> hidden = rows.Of({Point::kMlpPost, layer});
    sum.Add(PullBack(model.pool, w.down.weight, share.direction, stop), hidden,
            1, std::nullopt, SumRoundings(hidden.size()));
    bias += BiasAlong(share.direction, w.down.bias);
  } else {
    AddExperts(model, rows, layer, share.direction, stop, sum);
  }
  NeuronParts out = sum.Take();
  out.bias = bias;
  out.rounding +=
      share.rounding +
      kUnitRoundoff *
          DotMagnitude(share.direction, MlpOutput(model.weights, rows, layer));
  return out;
}

}  // namespace pellucid
