#include "analysis/final_rows.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/buffer.h"
#include "kernels/canonical.h"

namespace pellucid {
namespace {

// Logits that are computed at once: bounds memory (16 MiB), and is enough rows
// to share the decoding of the weights.
constexpr std::size_t kHeadLogits = std::size_t{1} << 22;
constexpr std::size_t kMinHeadRows = 8;
constexpr std::size_t kMaxHeadRows = 96;

std::vector<TopLogit> BestOf(std::span<const float> logits, std::size_t top_k) {
  TopHeap best(top_k);
  for (std::size_t i = 0; i < logits.size(); i += kernels::kVocabBlock) {
    const std::size_t count = std::min(kernels::kVocabBlock, logits.size() - i);
    best.Offer(logits.subspan(i, count), i);
  }
  return BestFirst({best.kept().begin(), best.kept().end()}, top_k);
}

}  // namespace

Result<std::vector<std::vector<TopLogit>>> BestOfHead(
    const Model::Impl& model, ConstMatrixView residuals, std::size_t top_k,
    const std::stop_token& stop) {
  const std::size_t vocab = model.spec.vocab_size;
  const std::size_t most =
      std::min(residuals.rows,
               std::clamp(kHeadLogits / vocab, kMinHeadRows, kMaxHeadRows));
  Buffer normed(most, model.spec.d_model);
  Buffer logits(most, vocab);
  std::vector<std::vector<TopLogit>> out(residuals.rows);
  for (std::size_t begin = 0; begin < residuals.rows; begin += most) {
    const std::size_t count = std::min(most, residuals.rows - begin);
    model.head.Normalise(model.pool, residuals.Rows(begin, count),
                         normed.view().Rows(0, count));
    model.head.Project(model.pool, normed.view().Rows(0, count),
                       logits.view().Rows(0, count), stop);
    if (stop.stop_requested()) return CancelledError("lens: stopped");
    model.pool.For(count, [&](std::size_t i) {
      out[begin + i] = BestOf(logits.view().RowSpan(i), top_k);
    });
  }
  return out;
}

double WorstOfKept(const Head& head, std::span<const float> embedded,
                   std::span<const TopLogit> pass) {
  double worst = 0;
  std::vector<float> row;
  for (const TopLogit& top : pass) {
    head.ReadTokenRow(top.id, row);
    const float logit = head.LogitOf(top.id, embedded, row);
    worst = std::max(worst, std::abs(double{top.logit} - double{logit}));
  }
  return worst;
}

double WorstDifference(std::span<const TopLogit> pass,
                       std::span<const TopLogit> head) {
  double worst = 0;
  for (std::size_t i = 0; i < pass.size(); ++i) {
    const TopLogit& top = pass[i];
    // Where they agree, as they should, each stands in the same place.
    auto found = head.begin() + static_cast<std::ptrdiff_t>(i);
    if (found->id != top.id) {
      found = std::ranges::find(head, top.id, &TopLogit::id);
    }
    const TopLogit& other = found == head.end() ? head.back() : *found;
    worst = std::max(worst, std::abs(static_cast<double>(top.logit) -
                                     static_cast<double>(other.logit)));
  }
  return worst;
}

}  // namespace pellucid
