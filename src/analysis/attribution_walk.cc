#include "analysis/attribution_walk.h"

#include <cassert>
#include <cmath>
#include <cstddef>
#include <utility>

#include "analysis/frozen_norm.h"
#include "analysis/rounding.h"

namespace pellucid {
namespace {

// What enters block 0 is made of.
struct EmbedRows {
  std::vector<float> tokens;  // as they are added to the stream
  std::vector<float> sum;     // with positions: what a norm of them reads
};

class Walk {
 public:
  Walk(const ArchSpec& spec, const Weights& weights, const PositionRows& rows,
       std::vector<double> direction, bool keep_directions)
      : spec_(spec),
        weights_(weights),
        rows_(rows),
        direction_(std::move(direction)),
        keep_(keep_directions) {
    out_.blocks.resize(spec.n_layers);
  }

  StreamShares Run(std::span<const float> final_residual) {
    std::span<const float> after = final_residual;
    for (std::size_t layer = spec_.n_layers; layer-- > 0;) {
      const std::span<const float> before = rows_.Of({Point::kResidPre, layer});
      if (spec_.order == BlockOrder::kParallel) {
        PassParallel(layer, before, after);
      } else {
        PassSequential(layer, before, after);
      }
      after = before;
    }
    PassEmbedding();
    return std::move(out_);
  }

 private:
  // A branch of a block: its module's output, and that behind a norm of it.
  struct Branch {
    std::span<const float> given, added;
    const NormWeights& post_norm;
  };

  Branch AttentionOf(std::size_t layer) const {
    const LayerWeights& w = weights_.layers[layer];
    const std::span<const float> given = rows_.Of({Point::kAttnProj, layer});
    const std::span<const float> added =
        w.attn_post_norm.empty() ? given
                                 : rows_.Of({Point::kAttnPostNorm, layer});
    return {given, added, w.attn_post_norm};
  }
  Branch MlpOf(std::size_t layer) const {
    const LayerWeights& w = weights_.layers[layer];
    const std::span<const float> given = MlpOutput(weights_, rows_, layer);
    // A parallel block has no norm behind its MLP.
    const bool normed =
        !w.mlp_post_norm.empty() && spec_.order == BlockOrder::kSequential;
    const std::span<const float> added =
        normed ? rows_.Of({Point::kMlpPostNorm, layer}) : given;
    return {given, added, normed ? w.mlp_post_norm : no_norm_};
  }

  void PassSequential(std::size_t layer, std::span<const float> before,
                      std::span<const float> after) {
    const LayerWeights& w = weights_.layers[layer];
    BlockShare& share = out_.blocks[layer];
    const std::span<const float> middle = rows_.Of({Point::kResidMid, layer});
    const Branch mlp = MlpOf(layer), attention = AttentionOf(layer);
    LeaveSum(w.mlp_norm, middle, mlp.added, after, share);
    share.mlp = ShareOf(mlp);
    LeaveInput(w.mlp_norm, middle, share);
    LeaveSum(w.attn_norm, before, attention.added, middle, share);
    share.attention = ShareOf(attention);
    LeaveInput(w.attn_norm, before, share);
  }

  // Both branches are summed before either meets the stream.
  void PassParallel(std::size_t layer, std::span<const float> before,
                    std::span<const float> after) {
    const LayerWeights& w = weights_.layers[layer];
    BlockShare& share = out_.blocks[layer];
    const Branch mlp = MlpOf(layer), attention = AttentionOf(layer);
    std::vector<float> both(attention.added.begin(), attention.added.end());
    for (std::size_t k = 0; k < both.size(); ++k) both[k] += mlp.added[k];
    LeaveSum(w.attn_norm, before, both, after, share);
    out_.rounding += Multiplier() * RoundingOf(both);
    share.mlp = ShareOf(mlp);
    share.attention = ShareOf(attention);
    LeaveInput(w.attn_norm, before, share);
  }

  // From the stream after a branch was added (and, where that is normed, from
  // behind the norm) to the sum, along which base and branch add alike.
  void LeaveSum(const NormWeights& norm, std::span<const float> base,
                std::span<const float> added, std::span<const float> after,
                BlockShare& share) {
    std::vector<float> sum(after.begin(), after.end());
    if (spec_.norm_after_add) {
      for (std::size_t k = 0; k < sum.size(); ++k) {
        sum[k] = base[k] + added[k] * spec_.residual_multiplier;
      }
      const FrozenNorm frozen(spec_, norm, sum);
      out_.rounding += frozen.Rounding(direction_);
      share.norm_bias += frozen.PullBack(direction_);
    }
    out_.rounding += RoundingOf(sum);
    if (spec_.residual_multiplier != 1) {
      out_.rounding += Multiplier() * RoundingOf(added);
    }
  }

  // From what a branch was added to, to the stream before it: where the branch
  // is added to its own normed input, through that norm.
  void LeaveInput(const NormWeights& norm, std::span<const float> before,
                  BlockShare& share) {
    if (!spec_.residual_from_norm || spec_.norm_after_add) return;
    const FrozenNorm frozen(spec_, norm, before);
    out_.rounding += frozen.Rounding(direction_);
    share.norm_bias += frozen.PullBack(direction_);
  }

  BranchShare ShareOf(const Branch& branch) const {
    BranchShare share;
    std::vector<double> along = direction_;
    for (double& g : along) g *= static_cast<double>(spec_.residual_multiplier);
    share.value = Dot(along, branch.added);
    if (!keep_) return share;
    const FrozenNorm norm(spec_, branch.post_norm, branch.given);
    share.rounding = norm.Rounding(along);
    share.norm_bias = norm.PullBack(along);
    share.direction = std::move(along);
    return share;
  }

  void PassEmbedding() {
    const EmbedRows embed = RowsOfEmbedding();
    const std::span<const float> positions = rows_.Of({Point::kPosEmbed});
    const FrozenNorm norm(spec_, weights_.embed_norm, embed.sum);
    out_.rounding += norm.Rounding(direction_);
    out_.embed_norm_bias = norm.PullBack(direction_);
    out_.tokens = Dot(direction_, embed.tokens);
    if (positions.empty()) return;
    out_.positions = Dot(direction_, positions);
    out_.rounding += RoundingOf(embed.sum);
  }

  EmbedRows RowsOfEmbedding() const {
    std::span<const float> from = rows_.Of({Point::kProjectIn});
    const bool projected = !from.empty();
    if (!projected) from = rows_.Of({Point::kEmbedTokens});
    EmbedRows out;
    out.tokens.assign(from.begin(), from.end());
    if (!projected && !spec_.scales_inside_embedding) {
      for (float& x : out.tokens) x *= spec_.embed_scale;
    }
    out.sum = out.tokens;
    const std::span<const float> positions = rows_.Of({Point::kPosEmbed});
    for (std::size_t k = 0; k < positions.size(); ++k) {
      out.sum[k] += positions[k];
    }
    return out;
  }

  // One rounding of each number of `row`, seen along the direction.
  double RoundingOf(std::span<const float> row) const {
    return kUnitRoundoff * DotMagnitude(direction_, row);
  }
  double Multiplier() const {
    return std::fabs(static_cast<double>(spec_.residual_multiplier));
  }

  const ArchSpec& spec_;
  const Weights& weights_;
  const PositionRows& rows_;
  std::vector<double> direction_;  // [d_model], of the stream as walked so far
  bool keep_;
  const NormWeights no_norm_;
  StreamShares out_;
};

}  // namespace

void AddStreamPoints(PositionRows& rows) {
  for (const Point point :
       {Point::kEmbedTokens, Point::kProjectIn, Point::kPosEmbed,
        Point::kResidPre, Point::kResidMid, Point::kAttnProj,
        Point::kAttnPostNorm, Point::kDown, Point::kMlp, Point::kMlpPostNorm}) {
    rows.Add(point);
  }
}

std::span<const float> MlpOutput(const Weights& weights,
                                 const PositionRows& rows, std::size_t layer) {
  const bool experts = !weights.layers[layer].mixture.experts.empty();
  return rows.Of({experts ? Point::kMlp : Point::kDown, layer});
}

StreamShares FollowBack(const ArchSpec& spec, const Weights& weights,
                        const PositionRows& rows,
                        std::span<const float> final_residual,
                        std::vector<double> direction, bool keep_directions) {
  return Walk(spec, weights, rows, std::move(direction), keep_directions)
      .Run(final_residual);
}

double Dot(std::span<const double> direction, std::span<const float> row) {
  assert(direction.size() == row.size());
  double sum = 0;
  for (std::size_t k = 0; k < row.size(); ++k) {
    sum += direction[k] * static_cast<double>(row[k]);
  }
  return sum;
}

double DotMagnitude(std::span<const double> direction,
                    std::span<const float> row) {
  assert(direction.size() == row.size());
  double sum = 0;
  for (std::size_t k = 0; k < row.size(); ++k) {
    sum += std::fabs(direction[k] * static_cast<double>(row[k]));
  }
  return sum;
}

}  // namespace pellucid
