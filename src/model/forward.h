// The one forward pass. Reads an ArchSpec, so every architecture runs through
// the same code, and offers every point of it to a probe.
//
// Prompts are packed one after another, never padded; each token's numbers
// depend on its own prompt alone. A prompt may go on behind a cache: then its
// tokens have the numbers that they would have in a run of the whole.
#ifndef PELLUCID_MODEL_FORWARD_H_
#define PELLUCID_MODEL_FORWARD_H_

#include <cstddef>
#include <span>
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
#include "trace/editor.h"
#include "trace/probe.h"
#include "trace/site_table.h"

namespace pellucid {

// The first `length` tokens that a cache holds.
struct SharedPrefix {
  const KvCache* cache = nullptr;
  std::size_t length = 0;
};

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
  // Empty, or for each prompt, where it has no cache, what stands before it and
  // is only read: many prompts may go on behind one.
  std::vector<SharedPrefix> prefixes = {};
  // Empty, or for each prompt, rising, the block that it enters, with the
  // states [tokens, d_model] that it enters with: those before were run
  // already. Probes and editors are shown the prompts that have entered.
  std::vector<std::size_t> start_layers = {};
  ConstMatrixView start_states = {};

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
    return cache(p) == nullptr ? prefix(p).length : cache(p)->length();
  }
  SharedPrefix prefix(std::size_t p) const {
    return prefixes.empty() ? SharedPrefix{} : prefixes[p];
  }
  std::size_t first_layer() const {
    return start_layers.empty() ? 0 : start_layers.front();
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

// Who looks on, changes and stops a run. Null: nobody. At a point an editor
// comes first: a probe is shown what the run goes on with.
struct ForwardOptions {
  Probe* probe = nullptr;
  Editor* editor = nullptr;
  // Blocks from this one on are not run, nor is the head: `Forwarded` holds
  // what would enter it.
  std::size_t end_layer = static_cast<std::size_t>(-1);
  // The packed tokens whose final states are read, strictly rising; empty: all.
  // Where nobody looks at the last block or the head, it is not run for others
  // beyond the keys and values of its attention. Lives as long as the run.
  std::span<const std::size_t> read = {};
  std::stop_token stop = {};
  Progress progress = {};
};

struct Forwarded {
  Buffer residual;  // [tokens, d_model], final: what the head reads
  // With ForwardOptions::read: the rows of `residual` that these are; no other
  // holds anything. Rows of `logits` are those of all tokens.
  std::vector<std::size_t> rows;
  // [tokens, vocab_size] where an editor edits points of the head, so that the
  // residual stream alone does not give them; else empty.
  Buffer logits;
};

// Runs every block. `prompts` hold valid ids. Caches hold their prompt's tokens
// too afterwards; after an error, what they held before.
// kUsage, kFailed: a cache has no room (KvCache::Reserve). kModel: non-finite
// activations, with the first site and position where they appear. kCancelled:
// `stop` was requested.
Result<Forwarded> RunForward(const ForwardContext& context,
                             const PackedPrompts& prompts,
                             const ForwardOptions& options = {});

}  // namespace pellucid

#endif  // PELLUCID_MODEL_FORWARD_H_
