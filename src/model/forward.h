// The one forward pass. Reads an ArchSpec, so every architecture runs through
// the same code, and offers every point of it to a probe.
//
// Prompts are packed one after another, never padded; each token's numbers
// depend on its own prompt alone. A prompt may go on behind a cache: then its
// tokens have the numbers that they would have in a run of the whole.
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
#include "model/kv_cache.h"
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
  // Empty, or for each prompt what stands before it, and what keeps it; null:
  // nothing. No cache serves two prompts.
  std::vector<KvCache*> caches = {};
  // Empty, or of each prompt the length of the whole of which it is the
  // beginning: rotary tables may depend on that (RopeSpec::switch_length).
  std::vector<std::size_t> whole_lengths = {};

  std::size_t count() const { return offsets.size() - 1; }
  std::size_t tokens() const { return ids.size(); }
  std::size_t length(std::size_t p) const {
    return offsets[p + 1] - offsets[p];
  }
  KvCache* cache(std::size_t p) const {
    return caches.empty() ? nullptr : caches[p];
  }
  // The length that rotary tables of prompt p are for.
  std::size_t whole_length(std::size_t p) const {
    return whole_lengths.empty() ? past(p) + length(p) : whole_lengths[p];
  }
  // Position of the first token of prompt p.
  std::size_t past(std::size_t p) const {
    return cache(p) == nullptr ? 0 : cache(p)->length();
  }
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
// the head reads. `probe` may be null. `prompts` hold valid ids. Caches hold
// their prompt's tokens too afterwards; after an error, what they held before.
// kUsage, kFailed: a cache has no room (KvCache::Reserve). kModel: non-finite
// activations, with the first site and position where they appear. kCancelled:
// `stop` was requested.
Result<Buffer> RunForward(const ForwardContext& context,
                          const PackedPrompts& prompts, Probe* probe,
                          const std::stop_token& stop = {},
                          const Progress& progress = {});

}  // namespace pellucid

#endif  // PELLUCID_MODEL_FORWARD_H_
