#include "model/backward.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/float_environment.h"
#include "model/backward_pass.h"
#include "model/normalise.h"

namespace pellucid {
namespace {

// Points of a block but its output, which is looked at before the block is
// walked.
constexpr Point kFirstInside = Point::kResidPre;
constexpr Point kLastInside = Point::kMlpPostNorm;
constexpr Point kFirstEmbedding = Point::kEmbedTokens;
constexpr Point kLastEmbedding = Point::kEmbed;

}  // namespace

BackwardPass::BackwardPass(const RecordedRun& run,
                           const DerivativeOptions& options)
    : DerivativePass(run, options) {
  const std::size_t n = rows(), d = spec_.d_model;
  const std::size_t queries = spec_.QueryWidth(), keys = spec_.KeyWidth();
  stream_ = Buffer(n, d);
  branch_ = Buffer(n, d);
  input_ = Buffer(n, d);
  if (spec_.order == BlockOrder::kParallel) aside_ = Buffer(n, d);
  z_ = Buffer(n, queries);
  qkv_ = Buffer(n, queries + 2 * keys);
  if (spec_.qkv_layout == QkvLayout::kGroups) {
    grouped_ = Buffer(n, queries + 2 * keys);
  }
  if (HeadsOfKey() > 1) wide_ = Buffer(n, 2 * queries);
  query_ = Columns(qkv_.view(), 0, queries);
  key_ = Columns(qkv_.view(), queries, keys);
  value_ = Columns(qkv_.view(), queries + keys, keys);
  gate_up_ = Buffer(n, 2 * spec_.d_mlp);
}

// Blocks above are passed over where nothing comes from them.
std::size_t BackwardPass::FirstLayer(ConstMatrixView final_cotangent) const {
  std::size_t layer = spec_.n_layers - 1;
  if (final_cotangent.rows > 0) return layer;
  const auto concerns = [&](SiteKey key) {
    return IsGiven(key) || IsWanted(key);
  };
  while (layer > 0 &&
         !AnyPoint(layer, kFirstInside, Point::kResidPost, concerns)) {
    --layer;
  }
  return layer;
}

bool BackwardPass::WantsInside(std::size_t layer) const {
  return AnyPoint(layer, kFirstInside, kLastInside,
                  [&](SiteKey key) { return IsWanted(key); });
}

bool BackwardPass::WantsEmbedding() const {
  return AnyPoint(0, kFirstEmbedding, kLastEmbedding,
                  [&](SiteKey key) { return IsWanted(key); });
}

bool BackwardPass::WantsBelow(std::size_t layer) const {
  for (std::size_t l = 0; l < layer; ++l) {
    if (WantsInside(l) || IsWanted({Point::kResidPost, l})) return true;
  }
  return WantsEmbedding();
}

Status BackwardPass::Run(ConstMatrixView final_cotangent) {
  if (final_cotangent.rows == 0) {
    Clear(stream_.view());
  } else {
    assert(final_cotangent.rows == rows());
    for (std::size_t r = 0; r < rows(); ++r) {
      std::ranges::copy(final_cotangent.RowSpan(r), stream_.view().Row(r));
    }
  }
  for (std::size_t layer = FirstLayer(final_cotangent) + 1; layer-- > 0;) {
    Visit({Point::kResidPost, layer}, stream_.view());
    const bool below = WantsBelow(layer);
    if (!below && !WantsInside(layer)) return {};
    PELLUCID_RETURN_IF_ERROR(RunBlock(layer));
    if (Stopped()) return CancelledError("gradient: stopped");
    if (!below) return {};
  }
  if (WantsEmbedding()) RunEmbedding();
  if (Stopped()) return CancelledError("gradient: stopped");
  return {};
}

Status BackwardPass::RunBlock(std::size_t layer) {
  BlockRecord room;
  PELLUCID_ASSIGN_OR_RETURN(const BlockRecord* const record,
                            run_.Block(layer, room, options_.stop));
  const LayerWeights& w = c_.weights.layers[layer];
  if (spec_.order == BlockOrder::kParallel) {
    RunParallel(layer, w, *record);
  } else {
    RunSequential(layer, w, *record);
  }
  if (!Stopped()) Visit({Point::kResidPre, layer}, stream_.view());
  return {};
}

void BackwardPass::RunSequential(std::size_t layer, const LayerWeights& w,
                                 const BlockRecord& record) {
  const Part mlp{w.mlp_norm, Point::kMlpNorm, Point::kMlp, Point::kResidMid,
                 MlpOutput(spec_)};
  LeavePart(layer, record, mlp);
  if (!w.mlp_post_norm.empty()) {
    Visit({Point::kMlpPostNorm, layer}, branch_.view());
    Norm(w.mlp_post_norm, record[mlp.output], branch_.view());
  }
  Mlp(layer, w, record);
  if (Stopped()) return;
  EnterPart(layer, record, mlp);
  Visit({Point::kResidMid, layer}, stream_.view());
  const Part attention{w.attn_norm, Point::kAttnNorm, Point::kAttn,
                       Point::kResidPre, AttentionOutput(spec_)};
  LeavePart(layer, record, attention);
  if (!w.attn_post_norm.empty()) {
    Visit({Point::kAttnPostNorm, layer}, branch_.view());
    Norm(w.attn_post_norm, record[attention.output], branch_.view());
  }
  Attention(layer, w, record);
  if (!Stopped()) EnterPart(layer, record, attention);
}

// Both parts read the stream as it enters the block, or one norm of it.
void BackwardPass::RunParallel(std::size_t layer, const LayerWeights& w,
                               const BlockRecord& record) {
  const Part attention{w.attn_norm, Point::kAttnNorm, Point::kAttn,
                       Point::kResidPre, AttentionOutput(spec_)};
  const bool own_norm = !w.mlp_norm.empty();
  LeavePart(layer, record, attention);
  Mlp(layer, w, record);
  if (Stopped()) return;
  if (own_norm) {
    Visit({Point::kMlpNorm, layer}, input_.view());
    Norm(w.mlp_norm, record[Point::kResidPre], input_.view());
  }
  std::swap(input_, aside_);
  LeavePart(layer, record, attention);
  Attention(layer, w, record);
  if (Stopped()) return;
  if (!own_norm) AddTo(input_.view(), aside_.view());
  EnterPart(layer, record, attention);
  if (own_norm) AddTo(stream_.view(), aside_.view());
}

void BackwardPass::LeavePart(std::size_t layer, const BlockRecord& record,
                             const Part& part) {
  const MatrixView stream = stream_.view();
  if (spec_.norm_after_add) {
    Visit({part.norm_point, layer}, stream);
    Norm(part.norm, SumOf(record[part.stream], record[part.output]).view(),
         stream);
  }
  if (spec_.modules_add_residual) Visit({part.module, layer}, stream);
  ForRows([&](std::size_t row, std::size_t, std::size_t count) {
    for (std::size_t r = row; r < row + count; ++r) {
      std::ranges::copy(stream.RowSpan(r), branch_.view().Row(r));
    }
  });
  Multiply(branch_.view(), spec_.residual_multiplier);
}

void BackwardPass::EnterPart(std::size_t layer, const BlockRecord& record,
                             const Part& part) {
  if (spec_.residual_from_norm) {
    AddTo(input_.view(), stream_.view());
    Clear(stream_.view());
  }
  if (!part.norm.empty() && !spec_.norm_after_add) {
    Visit({part.norm_point, layer}, input_.view());
    Norm(part.norm, record[part.stream], input_.view());
  }
  AddTo(stream_.view(), input_.view());
}

void BackwardPass::RunEmbedding() {
  const Weights& w = c_.weights;
  MatrixView g = stream_.view();
  Visit({Point::kEmbed}, g);
  if (!w.embed_norm.empty()) {
    Visit({Point::kEmbedNorm}, g);
    Norm(w.embed_norm, EmbeddingSum().view(), g);
  }
  if (!w.positions.empty()) {
    // What is given to positions does not go to tokens, which stand beside.
    for (std::size_t r = 0; r < rows(); ++r) {
      std::ranges::copy(g.RowSpan(r), branch_.view().Row(r));
    }
    Visit({Point::kPosEmbed}, branch_.view());
  }
  Buffer embedded;
  if (!w.project_in.empty()) {
    Visit({Point::kProjectIn}, g);
    embedded = Buffer(rows(), spec_.EmbedWidth());
    Linear({{w.project_in.weight, g}}, embedded.view());
    g = embedded.view();
  }
  if (!spec_.scales_inside_embedding) Multiply(g, spec_.embed_scale);
  if (!Stopped()) Visit({Point::kEmbedTokens}, g);
}

void BackwardPass::Norm(const NormWeights& w, ConstMatrixView x,
                        MatrixView g) const {
  ForRows([&](std::size_t row, std::size_t recorded, std::size_t count) {
    NormAdjoint(spec_, w, x.Rows(recorded, count), g.Rows(row, count),
                g.Rows(row, count));
  });
}

void BackwardPass::Linear(
    std::initializer_list<kernels::LinearCotangent> products,
    MatrixView out) const {
  kernels::LinearAdjoint(c_.pool, {products.begin(), products.size()}, out,
                         options_.stop);
}

Status RunBackward(const RecordedRun& run, ConstMatrixView final_cotangent,
                   const DerivativeOptions& options) {
  const FloatEnvironment environment;
  return BackwardPass(run, options).Run(final_cotangent);
}

}  // namespace pellucid
