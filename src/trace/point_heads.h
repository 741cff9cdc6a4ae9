// Which points have heads, and how many: edits and patching name heads, and
// must agree on what they mean.
#ifndef PELLUCID_TRACE_POINT_HEADS_H_
#define PELLUCID_TRACE_POINT_HEADS_H_

#include <cstddef>

#include "trace/site.h"
#include "trace/site_table.h"

namespace pellucid {

// Heads of a point whose rows are heads of head_dim numbers, or whose matrices
// are one a head; 0: none.
std::size_t HeadsOfPoint(const SiteSizes& sizes, Point point);

}  // namespace pellucid

#endif  // PELLUCID_TRACE_POINT_HEADS_H_
