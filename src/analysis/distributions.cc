#include "analysis/distributions.h"

#include <algorithm>

#include "kernels/elementwise.h"
#include "kernels/math.h"

namespace pellucid {
namespace {

// Float sums of so many terms lose nothing that matters; see lens_reduce.h.
constexpr std::size_t kChunk = 64;

// The sum of term(i) for i < count: in float32 within a chunk, chunks in
// float64, both in rising order.
template <typename Term>
double SumInChunks(std::size_t count, const Term& term) {
  double sum = 0;
  for (std::size_t begin = 0; begin < count; begin += kChunk) {
    const std::size_t end = std::min(count, begin + kChunk);
    float part = 0;
    for (std::size_t i = begin; i < end; ++i) part += term(i);
    sum += static_cast<double>(part);
  }
  return sum;
}

// exp(logit - logz) of a row, and logz.
double Normalise(std::span<const float> logits, std::span<float> probs) {
  const float top = *std::ranges::max_element(logits);
  kernels::ExpLess(logits, top, probs);
  const double sum =
      SumInChunks(probs.size(), [&](std::size_t i) { return probs[i]; });
  const auto scale = static_cast<float>(1 / sum);
  for (float& p : probs) p *= scale;
  return static_cast<double>(top) + kernels::Log64(sum);
}

}  // namespace

Distributions DistributionsOf(const Model::Impl& model, ConstMatrixView states,
                              const std::stop_token& stop) {
  const std::size_t vocab = model.spec.vocab_size;
  Distributions out;
  out.logits = Buffer(states.rows, vocab);
  out.probs = Buffer(states.rows, vocab);
  out.logz.resize(states.rows);
  Buffer normed(states.rows, states.cols);
  model.head.Normalise(model.pool, states, normed.view());
  model.head.Project(model.pool, normed.view(), out.logits.view(), stop);
  model.pool.For(
      states.rows,
      [&](std::size_t cell) {
        out.logz[cell] = Normalise(out.logits.view().RowSpan(cell),
                                   out.probs.view().RowSpan(cell));
      },
      stop);
  return out;
}

double Divergence(const Distributions& a, const Distributions& b,
                  std::size_t cell) {
  const float* p = a.probs.view().Row(cell);
  const float* za = a.logits.view().Row(cell);
  const float* zb = b.logits.view().Row(cell);
  const double sum = SumInChunks(a.logits.view().cols, [&](std::size_t i) {
    return p[i] * (za[i] - zb[i]);
  });
  return std::max(0.0, sum - a.logz[cell] + b.logz[cell]);
}

double EntropyOf(const Distributions& a, std::size_t cell) {
  const float* p = a.probs.view().Row(cell);
  const float* z = a.logits.view().Row(cell);
  const double sum = SumInChunks(a.logits.view().cols,
                                 [&](std::size_t i) { return p[i] * z[i]; });
  return std::max(0.0, a.logz[cell] - sum);
}

std::size_t CellsAtOnce(const Model::Impl& model) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  return std::max<std::size_t>(
      8, kBytes / (2 * sizeof(float) * model.spec.vocab_size));
}

}  // namespace pellucid
