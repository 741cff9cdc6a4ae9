// How a forward pass lets others change what it goes on with. An editor that
// edits nothing costs one predictable branch a point.
#ifndef PELLUCID_TRACE_EDITOR_H_
#define PELLUCID_TRACE_EDITOR_H_

#include <cstddef>

#include "base/matrix.h"
#include "trace/site.h"

namespace pellucid {

class Editor {
 public:
  virtual ~Editor() = default;

  // Whether Edit (for scores and pattern: EditAttention) shall be called.
  virtual bool Edits(SiteKey key) const = 0;

  // The value of a point for all packed tokens, as Probe::Visit shows it; the
  // run goes on with what it becomes. Not called for rotary tables.
  virtual void Edit(SiteKey key, MatrixView value) = 0;

  // A block of rows of scores or pattern, as Probe::VisitAttention shows it.
  // Keys that a query does not see stay unseen. Called from many threads, for
  // disjoint blocks.
  virtual void EditAttention(SiteKey key, std::size_t prompt, std::size_t head,
                             std::size_t first_query, MatrixView rows) = 0;
};

}  // namespace pellucid

#endif  // PELLUCID_TRACE_EDITOR_H_
