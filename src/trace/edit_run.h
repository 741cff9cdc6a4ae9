// The editor that makes resolved edits in one run: of whole prompts, or of the
// tokens that follow a cache.
#ifndef PELLUCID_TRACE_EDIT_RUN_H_
#define PELLUCID_TRACE_EDIT_RUN_H_

#include <cstddef>
#include <mutex>
#include <span>
#include <vector>

#include "base/matrix.h"
#include "trace/edit_plan.h"
#include "trace/editor.h"

namespace pellucid {

// The tokens of a prompt that a run holds: packed rows first_row and on are
// those of positions past, past + 1, ...
struct EditedRows {
  std::size_t prompt = 0;  // of the plan
  std::size_t first_row = 0, count = 0;
  std::size_t past = 0;
};

class EditRun : public Editor {
 public:
  // `plan` must outlive it. `rows`: one entry a packed prompt. What lies behind
  // a prompt's length in the plan was generated.
  EditRun(const EditPlan& plan, std::vector<EditedRows> rows)
      : plan_(plan), rows_(std::move(rows)) {}

  bool Edits(SiteKey key) const override { return plan_.Edits(key); }
  void Edit(SiteKey key, MatrixView value) override;
  void EditAttention(SiteKey key, std::size_t prompt, std::size_t head,
                     std::size_t first_query, MatrixView rows) override;

 private:
  // One row of one edit: the `index`-th position in scope of its prompt.
  struct Place {
    std::size_t prompt, position, index;
  };
  template <typename Work>
  void ForEachPlace(const ResolvedEdit& edit, const EditedRows& rows,
                    const Work& work) const;
  void EditSite(const ResolvedEdit& edit, MatrixView value);
  void EditRow(const ResolvedEdit& edit, const Place& place,
               std::span<float> x);
  void EditQuery(const ResolvedEdit& edit, const Place& place, std::size_t head,
                 std::span<float> x);
  void Custom(const ResolvedEdit& edit, const Place& place, std::size_t head,
              std::span<float> x);

  const EditPlan& plan_;
  std::vector<EditedRows> rows_;
  std::mutex custom_;  // one call at a time
};

}  // namespace pellucid

#endif  // PELLUCID_TRACE_EDIT_RUN_H_
