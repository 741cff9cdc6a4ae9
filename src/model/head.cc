#include "model/head.h"

#include <cassert>
#include <span>

#include "base/buffer.h"
#include "kernels/decode.h"
#include "kernels/dot_tile.h"
#include "kernels/elementwise.h"
#include "kernels/linear.h"
#include "kernels/softcap.h"
#include "model/normalise.h"
#include "model/row_blocks.h"

namespace pellucid {

void Head::Normalise(const TaskPool& pool, ConstMatrixView residual,
                     MatrixView out) const {
  pellucid::Normalise(pool, spec_, weights_.final_norm, residual, out);
}

void Head::ToEmbedding(const TaskPool& pool, ConstMatrixView normed,
                       MatrixView out) const {
  const LinearWeights& projection = weights_.project_out;
  assert(!projection.empty());
  kernels::Linear(pool, normed, projection.weight, projection.bias, out);
}

void Head::ProjectModule(const TaskPool& pool, ConstMatrixView embedded,
                         MatrixView out, const std::stop_token& stop) const {
  kernels::Linear(pool, embedded, weights_.unembed, weights_.head_bias, out,
                  stop);
}

void Head::Project(const TaskPool& pool, ConstMatrixView normed,
                   MatrixView logits, const std::stop_token& stop) const {
  Buffer embedded;
  if (!weights_.project_out.empty()) {
    embedded = Buffer(normed.rows, spec_.EmbedWidth());
    ToEmbedding(pool, normed, embedded.view());
    normed = embedded.view();
  }
  ProjectModule(pool, normed, logits, stop);
  if (stop.stop_requested()) return;
  ForRowBlocks(pool, logits.rows, [&](std::size_t begin, std::size_t count) {
    ScaleAndCap(logits.Rows(begin, count));
  });
}

void Head::ScaleAndCap(MatrixView logits) const {
  const LogitSpec& spec = spec_.logits;
  for (std::size_t r = 0; r < logits.rows; ++r) {
    const std::span<float> row = logits.RowSpan(r);
    if (spec.multiplier != 1) {
      for (float& x : row) x *= spec.multiplier;
    }
    if (spec.divisor != 1) {
      for (float& x : row) x /= spec.divisor;
    }
    if (spec.cap != 0) kernels::SoftCap(spec.cap, row);
  }
}

void Head::Finish(std::size_t first_token, MatrixView logits) const {
  if (!weights_.head_bias.empty()) {
    const auto bias =
        std::span(weights_.head_bias).subspan(first_token, logits.cols);
    for (std::size_t r = 0; r < logits.rows; ++r) {
      kernels::Add(logits.RowSpan(r), bias, logits.RowSpan(r));
    }
  }
  ScaleAndCap(logits);
}

void Head::ReadTokenRow(TokenId token, std::vector<float>& row) const {
  row.resize(unembed().cols);
  kernels::DecodeRows(unembed(), static_cast<std::size_t>(token),
                      {row.data(), 1, row.size()});
}

float Head::LogitOf(TokenId token, std::span<const float> embedded,
                    std::span<const float> row) const {
  float logit = kernels::Dot(embedded, row);
  Finish(static_cast<std::size_t>(token), {&logit, 1, 1});
  return logit;
}

}  // namespace pellucid
