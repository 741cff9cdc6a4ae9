// The one forward pass. Reads an ArchSpec, so every architecture runs through
// the same code, and offers every point of it to a probe.
//
// Prompts are packed one after another, never padded; each token's numbers
// depend on its own prompt alone.
#ifndef PELLUCID_MODEL_FORWARD_H_
#define PELLUCID_MODEL_FORWARD_H_

#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/task_pool.h"
#include "model/arch_spec.h"
#include "model/head.h"
#include "model/weights.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"
#include "trace/probe.h"
#include "trace/site_table.h"

namespace pellucid {

// Prompts one after another: prompt p holds ids offsets[p] .. offsets[p+1] - 1.
struct PackedPrompts {
  std::vector<TokenId> ids;
  std::vector<std::size_t> offsets = {0};

  std::size_t count() const { return offsets.size() - 1; }
  std::size_t tokens() const { return ids.size(); }
};

struct ForwardContext {
  const ArchSpec& spec;
  const Weights& weights;
  const Head& head;
  const SiteTable& table;  // names of sites, for messages
  const TaskPool& pool;
};

// "run: SITE: non-finite activation at position N ...", kModel.
Error NonFiniteError(const std::string& site, std::size_t position);

// Runs every block. Returns the final residual stream [tokens, d_model], what
// the head reads. `probe` may be null. `prompts` hold valid ids.
// kModel: non-finite activations, with the first site and position where they
// appear. kCancelled: `stop` was requested.
Result<Buffer> RunForward(const ForwardContext& context,
                          const PackedPrompts& prompts, Probe* probe,
                          const std::stop_token& stop = {},
                          const Progress& progress = {});

}  // namespace pellucid

#endif  // PELLUCID_MODEL_FORWARD_H_
