// How a forward pass lets others look: it offers each point as it passes.
//
// A probe that wants nothing costs one predictable branch a point. What it is
// shown is what the run goes on with.
#ifndef PELLUCID_TRACE_PROBE_H_
#define PELLUCID_TRACE_PROBE_H_

#include <cstddef>

#include "base/matrix.h"
#include "trace/site.h"

namespace pellucid {

class Probe {
 public:
  virtual ~Probe() = default;

  // Whether Visit (for scores and pattern: VisitAttention) shall be called.
  virtual bool Wants(SiteKey key) const = 0;

  // The value of a point for all packed tokens: [tokens_total, features], per
  // head sites [tokens_total, heads * head_dim]. The view ends with the call.
  virtual void Visit(SiteKey key, ConstMatrixView value) = 0;

  // A block of rows of scores or pattern: queries first_query + i of one head
  // of one prompt, [queries, keys of the prompt]. Called from many threads,
  // for disjoint blocks.
  virtual void VisitAttention(SiteKey key, std::size_t prompt, std::size_t head,
                              std::size_t first_query,
                              ConstMatrixView rows) = 0;
};

}  // namespace pellucid

#endif  // PELLUCID_TRACE_PROBE_H_
