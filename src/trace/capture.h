// A probe that keeps what a plan asks for, one trace a prompt.
// Copies at the moment it is shown a value: buffers of a run are used again.
#ifndef PELLUCID_TRACE_CAPTURE_H_
#define PELLUCID_TRACE_CAPTURE_H_

#include <cstddef>
#include <span>
#include <vector>

#include "base/matrix.h"
#include "pellucid/trace.h"
#include "trace/plan.h"
#include "trace/probe.h"
#include "trace/site_table.h"

namespace pellucid {

class Capture : public Probe {
 public:
  // `plan` and `table` must outlive the capture. Prompt p holds the packed
  // tokens offsets[p] .. offsets[p + 1] - 1. Allocates scores and patterns.
  Capture(const Plan& plan, const SiteTable& table,
          std::span<const std::size_t> offsets);

  bool Wants(SiteKey key) const override { return plan_.Wants(key); }
  void Visit(SiteKey key, ConstMatrixView value) override;
  void VisitAttention(SiteKey key, std::size_t prompt, std::size_t head,
                      std::size_t first_query, ConstMatrixView rows) override;

  // What was recorded, one trace a prompt, without ids. Ends the capture.
  std::vector<Trace> Take() { return std::move(traces_); }

 private:
  std::size_t Tokens(std::size_t prompt) const {
    return offsets_[prompt + 1] - offsets_[prompt];
  }

  const Plan& plan_;
  std::vector<std::size_t> offsets_;
  std::vector<Trace> traces_;
};

}  // namespace pellucid

#endif  // PELLUCID_TRACE_CAPTURE_H_
