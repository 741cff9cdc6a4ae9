// Scores of heads as a run goes along: each row of a pattern becomes four
// numbers at once, so that no pattern is kept (pellucid/attention.h).
#ifndef PELLUCID_ANALYSIS_HEAD_SCORE_PROBE_H_
#define PELLUCID_ANALYSIS_HEAD_SCORE_PROBE_H_

#include <array>
#include <cstddef>
#include <vector>

#include "base/matrix.h"
#include "pellucid/attention.h"
#include "trace/probe.h"

namespace pellucid {

// Sequences that all have the same form.
struct RepeatedForm {
  std::size_t lead = 0;     // tokens before the first random one: 0 or 1
  std::size_t block = 0;    // random tokens that are repeated
  std::size_t repeats = 0;  // how often they stand there

  std::size_t tokens() const { return lead + block * repeats; }
};

// What one row of a pattern adds to the sums of HeadKind, in that order. `row`
// holds at least the keys 0 .. query. A query that a score is not about adds 0.
std::array<double, 4> ScoresOfRow(const RepeatedForm& form, std::size_t query,
                                  const float* row);

// How many rows of a sequence each sum is about.
std::array<std::size_t, 4> RowsScored(const RepeatedForm& form);

// Adds rows up in the order of sequences and positions, layer by layer, so that
// the threads which offer them change no bit.
class HeadScoreProbe : public Probe {
 public:
  // For runs of at most `sequences` of that form.
  HeadScoreProbe(const RepeatedForm& form, std::size_t sequences,
                 std::size_t n_layers, std::size_t n_heads);

  // How many sequences the next run has.
  void Begin(std::size_t sequences) { sequences_ = sequences; }

  bool Wants(SiteKey key) const override {
    return key.point == Point::kPattern || key.point == Point::kZ;
  }
  // The layer's patterns are done: what enters the output projection is made
  // of all of them.
  void Visit(SiteKey key, ConstMatrixView value) override;
  void VisitAttention(SiteKey key, std::size_t prompt, std::size_t head,
                      std::size_t first_query, ConstMatrixView rows) override;

  // Means over `sequences`, all that were run.
  std::vector<HeadScore> Means(std::size_t sequences) const;

 private:
  using Four = std::array<double, 4>;

  RepeatedForm form_;
  std::size_t n_heads_;
  std::size_t sequences_ = 0;
  std::vector<Four> rows_;  // [n_heads, sequences, tokens], of one layer
  std::vector<Four> sums_;  // [n_layers, n_heads]
};

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_HEAD_SCORE_PROBE_H_
