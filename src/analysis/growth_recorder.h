// Keeps what sequences show while they grow: the sites of a plan, of all their
// tokens, and the vectors that the lens decodes, of the last token of each run.
#ifndef PELLUCID_ANALYSIS_GROWTH_RECORDER_H_
#define PELLUCID_ANALYSIS_GROWTH_RECORDER_H_

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analysis/lens_rows.h"
#include "base/matrix.h"
#include "model/decoder.h"
#include "pellucid/trace.h"
#include "trace/plan.h"
#include "trace/site_table.h"

namespace pellucid {

class GrowthRecorder : public GrowthProbe {
 public:
  // `plan` and `table` must outlive it. `lens_rows`: numbers of the rows to
  // keep (lens_rows.h), ascending, the final one last; empty: none.
  GrowthRecorder(const Plan& plan, const SiteTable& table,
                 std::size_t sequences, std::vector<std::size_t> lens_rows);

  void Begin(std::span<const EditedRows> rows) override;
  bool Wants(SiteKey key) const override;
  void Visit(SiteKey key, ConstMatrixView value) override;
  void VisitAttention(SiteKey key, std::size_t prompt, std::size_t head,
                      std::size_t first_query, ConstMatrixView rows) override;

  // After a run: appends the vectors of its packed sequence `i` to those of the
  // sequence.
  void KeepVectors(std::size_t i);
  // Those of a sequence, [kept, lens_rows, d_model]. Lives until the next call
  // of KeepVectors.
  std::span<const float> vectors(std::size_t sequence) const {
    return vectors_[sequence];
  }

  // The trace of a sequence, without ids. To be called once of each.
  Trace Take(std::size_t sequence);

 private:
  // Rows of scores or pattern of one sequence: by head, query t with its t + 1
  // keys behind those of the queries before.
  using Triangles = std::vector<std::vector<float>>;

  struct Recorded {
    std::size_t tokens = 0;
    std::map<std::string, Tensor, std::less<>> rows;  // [tokens, features]
    std::map<std::string, Triangles, std::less<>> attention;
  };

  const Plan& plan_;
  const SiteTable& table_;
  std::vector<std::size_t> lens_rows_;
  // Names that scores and patterns are kept under.
  std::map<std::string, Point, std::less<>> attention_points_;
  std::vector<EditedRows> now_;  // of the run that is shown
  std::optional<RowProbe> probe_;
  std::vector<Recorded> recorded_;           // by sequence
  std::vector<std::vector<float>> vectors_;  // by sequence
};

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_GROWTH_RECORDER_H_
