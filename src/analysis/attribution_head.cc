#include "analysis/attribution_head.h"

#include <cmath>
#include <cstddef>
#include <utility>

#include "analysis/attribution_walk.h"
#include "analysis/frozen_norm.h"
#include "analysis/pulled_weights.h"
#include "analysis/rounding.h"
#include "base/buffer.h"
#include "kernels/decode.h"
#include "kernels/linear.h"

namespace pellucid {
namespace {

// The factor of LogitSpec.
double FactorOf(const LogitSpec& spec) {
  return static_cast<double>(spec.multiplier) /
         static_cast<double>(spec.divisor);
}

class HeadWalk {
 public:
  HeadWalk(const ForwardContext& model, std::span<const float> residual)
      : model_(model),
        weights_(model.weights),
        residual_(residual),
        normed_(1, model.spec.d_model) {
    const ConstMatrixView row{residual.data(), 1, residual.size()};
    model.head.Normalise(model.pool, row, normed_.view());
    if (weights_.project_out.empty()) return;
    embedded_ = Buffer(1, model.spec.EmbedWidth());
    model.head.ToEmbedding(model.pool, normed_.view(), embedded_.view());
  }

  HeadShare Run(TokenId answer, std::optional<TokenId> foil) {
    out_.direction.assign(model_.spec.EmbedWidth(), 0.0);
    out_.answer = AddToken(answer, 1);
    out_.value = static_cast<double>(out_.answer.before_cap);
    if (foil) {
      out_.foil = AddToken(*foil, -1);
      out_.value -= static_cast<double>(out_.foil->before_cap);
    }
    if (!weights_.head_bias.empty()) out_.unembed_bias = unembed_bias_;
    if (!weights_.project_out.empty()) LeaveProjection();
    LeaveNorm();
    return std::move(out_);
  }

 private:
  // What the unembedding multiplies: [d_embed].
  std::span<const float> Read() const {
    return (weights_.project_out.empty() ? normed_ : embedded_)
        .view()
        .RowSpan(0);
  }

  // The token's logit as the model computes it; adds `sign` times its row to
  // the direction.
  AttributedLogit AddToken(TokenId id, double sign) {
    const auto v = static_cast<std::size_t>(id);
    const LogitSpec& spec = model_.spec.logits;
    const std::span<const float> bias =
        weights_.head_bias.empty()
            ? std::span<const float>()
            : std::span(weights_.head_bias).subspan(v, 1);
    const WeightView row = weights_.unembed.Rows(v, 1);
    float module = 0;
    const std::span<const float> read = Read();
    kernels::Linear(model_.pool, {read.data(), 1, read.size()}, row, bias,
                    {&module, 1, 1});
    AttributedLogit out{id, module, module};
    if (spec.multiplier != 1) out.before_cap *= spec.multiplier;
    if (spec.divisor != 1) out.before_cap /= spec.divisor;
    model_.head.ScaleAndCap({&out.logit, 1, 1});

    std::vector<float> unembed(row.cols);
    kernels::DecodeRow(weights_.unembed, v, unembed);
    const double factor = sign * FactorOf(spec);
    double magnitudes = 0;
    for (std::size_t k = 0; k < unembed.size(); ++k) {
      const double weight = factor * static_cast<double>(unembed[k]);
      out_.direction[k] += weight;
      magnitudes += std::fabs(weight * static_cast<double>(read[k]));
    }
    if (!bias.empty()) {
      unembed_bias_ += factor * static_cast<double>(bias.front());
    }
    // The dot; then bias, multiplication and division.
    out_.rounding +=
        kUnitRoundoff * (magnitudes * SumRoundings(unembed.size()) +
                         3 * std::fabs(static_cast<double>(out.before_cap)));
    return out;
  }

  void LeaveProjection() {
    const LinearWeights& w = weights_.project_out;
    const std::span<const float> normed =
        std::as_const(normed_).view().RowSpan(0);
    if (!w.bias.empty()) out_.project_out_bias = Dot(out_.direction, w.bias);
    out_.rounding += kUnitRoundoff * DotMagnitude(out_.direction, Read());
    PulledWeights columns = PullBack(model_.pool, w.weight, out_.direction);
    out_.rounding += kUnitRoundoff * SumRoundings(normed.size()) *
                     DotMagnitude(columns.magnitudes, normed);
    out_.direction = std::move(columns.sums);
  }

  void LeaveNorm() {
    const NormWeights& w = weights_.final_norm;
    const FrozenNorm norm(model_.spec, w, residual_);
    out_.rounding += norm.Rounding(out_.direction);
    const double bias = norm.PullBack(out_.direction);
    if (!w.bias.empty()) out_.final_norm_bias = bias;
    out_.norm_scale = norm.scale();
  }

  const ForwardContext& model_;
  const Weights& weights_;
  std::span<const float> residual_;
  Buffer normed_, embedded_;
  double unembed_bias_ = 0;
  HeadShare out_;
};

}  // namespace

HeadShare TakeHeadApart(const ForwardContext& model,
                        std::span<const float> residual, TokenId answer,
                        std::optional<TokenId> foil) {
  return HeadWalk(model, residual).Run(answer, foil);
}

}  // namespace pellucid
