// Edits resolved against a model and its prompts before a run starts, so that
// a wrong name, place or shape fails before any work is done.
#ifndef PELLUCID_TRACE_EDIT_PLAN_H_
#define PELLUCID_TRACE_EDIT_PLAN_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pellucid/edit.h"
#include "pellucid/result.h"
#include "trace/site.h"
#include "trace/site_table.h"

namespace pellucid {

// An edit whose scope is indices.
struct ResolvedEdit {
  Edit edit;
  SiteKey key;
  std::string site;  // canonical
  bool on_prompt = true, on_generated = true;
  // Numbers of a row in scope, ascending; empty: the whole row.
  std::vector<std::size_t> columns;
  std::vector<bool> heads;  // of scores and pattern, [n_heads]
  // By prompt: positions in scope, and, of scores and pattern, keys; ascending.
  std::vector<std::vector<std::size_t>> positions;
  std::vector<std::vector<bool>> keys;  // [tokens of the prompt], or empty: all
  std::vector<bool> prompts;            // in scope
  // Edit::values as rows of the numbers in scope, [value_rows, width].
  std::size_t value_rows = 0, width = 0;
  std::vector<float> values;
  // Of kProjectOut and kSetComponent: an orthonormal basis of those rows.
  std::vector<double> basis;

  std::span<const float> ValueRow(std::size_t row) const {
    return std::span(values).subspan(row * width, width);
  }
};

// Where the first occurrence of a text is in a prompt: positions of the tokens
// that it touches.
using FindText = std::function<Result<std::vector<std::size_t>>(
    const std::string& text, std::size_t prompt)>;

class EditPlan {
 public:
  // Nothing is edited.
  EditPlan() = default;

  // `lengths`: tokens of each prompt. `find_text` is asked where a scope names
  // a text. kUsage: an unknown site, one that cannot be edited so, a head,
  // feature, position or prompt that is not there, values of another shape.
  static Result<EditPlan> Make(const SiteTable& table,
                               std::span<const Edit> edits,
                               std::span<const std::size_t> lengths,
                               const FindText& find_text);

  // What Make says of edits whatever the prompts are.
  static Status Check(const SiteTable& table, std::span<const Edit> edits);

  bool empty() const { return edits_.empty(); }
  bool Edits(SiteKey key) const { return !Of(key).empty(); }
  // In their order.
  std::span<const std::shared_ptr<const ResolvedEdit>> Of(SiteKey key) const {
    if (edits_.empty()) return {};
    return edits_[Index(key)];
  }
  std::span<const std::size_t> lengths() const { return lengths_; }

 private:
  static std::size_t Index(SiteKey key) {
    return key.layer * kPointCount + static_cast<std::size_t>(key.point);
  }

  std::vector<std::size_t> lengths_;
  // [layer, point], or empty.
  std::vector<std::vector<std::shared_ptr<const ResolvedEdit>>> edits_;
};

}  // namespace pellucid

#endif  // PELLUCID_TRACE_EDIT_PLAN_H_
