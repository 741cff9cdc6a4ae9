#include "model/tangent.h"

#include <algorithm>
#include <utility>

#include "base/float_environment.h"
#include "kernels/linear.h"
#include "model/normalise.h"
#include "model/tangent_pass.h"

namespace pellucid {

TangentPass::TangentPass(const RecordedRun& run,
                         const DerivativeOptions& options)
    : DerivativePass(run, options) {
  const std::size_t n = rows(), d = spec_.d_model;
  const std::size_t queries = spec_.QueryWidth(), keys = spec_.KeyWidth();
  stream_ = Buffer(n, d);
  normed_ = Buffer(n, d);
  delta_ = Buffer(n, d);
  if (spec_.order == BlockOrder::kParallel) branch_ = Buffer(n, d);
  qkv_ = Buffer(n, queries + 2 * keys);
  if (spec_.qkv_layout == QkvLayout::kGroups) {
    grouped_ = Buffer(n, queries + 2 * keys);
  }
  query_ = Columns(qkv_.view(), 0, queries);
  key_ = Columns(qkv_.view(), queries, keys);
  value_ = Columns(qkv_.view(), queries + keys, keys);
  z_ = Buffer(n, queries);
  for (std::size_t c = 0; c < options.copies; ++c) {
    keys_.emplace_back(spec_.n_kv_heads, spec_.head_dim, KeyRoom());
  }
  gate_up_ = Buffer(n, 2 * spec_.d_mlp);
}

// Nothing changes before.
std::size_t TangentPass::FirstLayer() const {
  const auto concerns = [&](SiteKey key) {
    return IsGiven(key) || IsWanted(key);
  };
  std::size_t layer = 0;
  while (layer + 1 < spec_.n_layers &&
         !AnyPoint(layer, Point::kResidPre, Point::kResidPost, concerns)) {
    ++layer;
  }
  return layer;
}

Result<Buffer> TangentPass::Run() {
  Clear(stream_.view());
  const bool embeds =
      AnyPoint(0, Point::kEmbedTokens, Point::kEmbed,
               [&](SiteKey key) { return IsGiven(key) || IsWanted(key); });
  if (embeds) Embed();
  std::size_t layer = embeds ? 0 : FirstLayer();
  for (; layer < spec_.n_layers; ++layer) {
    PELLUCID_RETURN_IF_ERROR(RunBlock(layer));
    if (Stopped()) return CancelledError("tangent: stopped");
  }
  return std::move(stream_);
}

void TangentPass::Embed() {
  const Weights& w = c_.weights;
  const MatrixView x = stream_.view();
  MatrixView tokens = x;
  Buffer embedded;
  if (!w.project_in.empty()) {
    embedded = Buffer(rows(), spec_.EmbedWidth());
    tokens = embedded.view();
    Clear(tokens);
  }
  Visit({Point::kEmbedTokens}, tokens);
  if (!spec_.scales_inside_embedding) Multiply(tokens, spec_.embed_scale);
  if (!w.project_in.empty()) {
    Linear(tokens, {{w.project_in.weight, x}});
    Visit({Point::kProjectIn}, x);
  }
  if (!w.positions.empty()) {
    Clear(delta_.view());
    Visit({Point::kPosEmbed}, delta_.view());
    AddTo(x, delta_.view());
  }
  if (!w.embed_norm.empty()) {
    Norm(w.embed_norm, EmbeddingSum().view(), x, x);
    Visit({Point::kEmbedNorm}, x);
  }
  Visit({Point::kEmbed}, x);
}

Status TangentPass::RunBlock(std::size_t layer) {
  BlockRecord room;
  PELLUCID_ASSIGN_OR_RETURN(const BlockRecord* const made,
                            run_.Block(layer, room, options_.stop));
  const BlockRecord& record = *made;
  const LayerWeights& w = c_.weights.layers[layer];
  const MatrixView stream = stream_.view(), delta = delta_.view();
  Visit({Point::kResidPre, layer}, stream);
  const ConstMatrixView input =
      Input(layer, w.attn_norm, Point::kAttnNorm, record[Point::kResidPre]);
  Attention(layer, w, record, input);
  if (Stopped()) return {};
  if (!w.attn_post_norm.empty()) {
    Norm(w.attn_post_norm, record[AttentionOutput(spec_)], delta, delta);
    Visit({Point::kAttnPostNorm, layer}, delta);
  }
  if (spec_.order == BlockOrder::kParallel) {
    // The MLP's own norm takes the place of attention's, which a residual
    // that comes from a norm still reads: no architecture has both.
    const ConstMatrixView mlp_input =
        w.mlp_norm.empty() ? input
                           : Input(layer, w.mlp_norm, Point::kMlpNorm,
                                   record[Point::kResidPre]);
    Mlp(layer, w, record, mlp_input, branch_.view());
    AddTo(delta, branch_.view());
    AddBranch(delta, input);
  } else {
    AddBranch(delta, input);
    NormAfterAdd(w.attn_norm, record, Point::kResidPre, AttentionOutput(spec_));
    if (spec_.modules_add_residual) Visit({Point::kAttn, layer}, stream);
    if (spec_.norm_after_add) Visit({Point::kAttnNorm, layer}, stream);
    Visit({Point::kResidMid, layer}, stream);
    const ConstMatrixView mlp_input =
        Input(layer, w.mlp_norm, Point::kMlpNorm, record[Point::kResidMid]);
    Mlp(layer, w, record, mlp_input, delta);
    if (Stopped()) return {};
    if (!w.mlp_post_norm.empty()) {
      Norm(w.mlp_post_norm, record[MlpOutput(spec_)], delta, delta);
      Visit({Point::kMlpPostNorm, layer}, delta);
    }
    AddBranch(delta, mlp_input);
    NormAfterAdd(w.mlp_norm, record, Point::kResidMid, MlpOutput(spec_));
    if (spec_.modules_add_residual) Visit({Point::kMlp, layer}, stream);
    if (spec_.norm_after_add) Visit({Point::kMlpNorm, layer}, stream);
  }
  if (!Stopped()) Visit({Point::kResidPost, layer}, stream);
  return {};
}

ConstMatrixView TangentPass::Input(std::size_t layer, const NormWeights& norm,
                                   Point point, ConstMatrixView recorded) {
  if (norm.empty() || spec_.norm_after_add) return stream_.view();
  Norm(norm, recorded, stream_.view(), normed_.view());
  Visit({point, layer}, normed_.view());
  return normed_.view();
}

void TangentPass::AddBranch(MatrixView branch, ConstMatrixView input) {
  const MatrixView stream = stream_.view();
  if (spec_.residual_from_norm) {
    for (std::size_t r = 0; r < rows(); ++r) {
      std::ranges::copy(input.RowSpan(r), stream.Row(r));
    }
  }
  Multiply(branch, spec_.residual_multiplier);
  AddTo(stream, branch);
}

void TangentPass::NormAfterAdd(const NormWeights& norm,
                               const BlockRecord& record, Point stream,
                               Point output) {
  if (!spec_.norm_after_add) return;
  Norm(norm, SumOf(record[stream], record[output]).view(), stream_.view(),
       stream_.view());
}

void TangentPass::Norm(const NormWeights& w, ConstMatrixView x,
                       ConstMatrixView in, MatrixView out) const {
  ForRows([&](std::size_t row, std::size_t recorded, std::size_t count) {
    NormTangent(spec_, w, x.Rows(recorded, count), in.Rows(row, count),
                out.Rows(row, count));
  });
}

void TangentPass::Linear(ConstMatrixView in,
                         std::initializer_list<Product> products) const {
  std::vector<kernels::LinearOutput> outputs;
  for (const auto& [weight, out] : products)
    outputs.push_back({weight, {}, out});
  kernels::Linear(c_.pool, in, outputs, options_.stop);
}

Result<Buffer> RunTangent(const RecordedRun& run,
                          const DerivativeOptions& options) {
  const FloatEnvironment environment;
  return TangentPass(run, options).Run();
}

}  // namespace pellucid
